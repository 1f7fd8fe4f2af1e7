"""What all fronts share on the Python side; their modules are touched in tests/browser/test_front_*.py."""

import json

import traitlets

from style_helpers.fronts import Front
from style_helpers.panels.film import Film


class Everything(Front):
    one = traitlets.Bytes(b"\x00\xff").tag(sync=True)
    many = traitlets.List([{"picture": b"a", "number": 3}]).tag(sync=True)
    mine = traitlets.Unicode("stays in Python")


def test_recorded_it_goes_through_json_with_all_that_the_page_needs_and_nothing_else():
    recorded = Everything().recorded()
    assert json.loads(json.dumps(recorded)) == recorded
    assert recorded == {"one": {"base64": "AP8="}, "many": [{"picture": {"base64": "YQ=="}, "number": 3}]}


def test_a_module_is_one_file_that_imports_nothing_and_renders_its_last_part():
    source = Film._esm
    assert "import " not in source.replace("important", "")
    assert source.rstrip().endswith("export default { render: (given) => begin(film, given) };")
    assert ".nst-wipe" in Film._css
