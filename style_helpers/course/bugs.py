"""The labels of the museum: each bug in words and in code, what was measured, and the test that catches it."""

from dataclasses import dataclass

from style_helpers.language import _


class Said:
    """A field that is kept in English and read in the reader's language."""

    def __set_name__(self, owner: type, name: str):
        self.name = name

    def __set__(self, bug, english: str):
        vars(bug)[self.name] = english

    def __get__(self, bug, owner: type) -> str:
        if bug is None:
            raise AttributeError(self.name)  # so that a dataclass knows of no default
        return _(vars(bug)[self.name])


@dataclass(frozen=True)
class Bug:
    """One exhibit's label: what the wrong line does, both lines, what is seen, and the test that would have caught it.

    The symptoms were measured with AlexNet on two pairs (palace and wave, cat and village street), the shorter side of
    each 128 pixels, 60 evaluations. `try_test` runs the test.
    """

    name: str
    mistake: str = Said()
    wrong: str = Said()
    right: str = Said()
    symptom: str = Said()
    test: str


_LABELS = (
    Bug(
        name="grey photo",
        mistake="A grey photograph is read with its one channel, and nobody makes three of it.",
        wrong='content = to_tensor(Image.open("grey.jpg"))  # (1, 1, H, W)',
        right='content = to_tensor(Image.open("grey.jpg").convert("RGB"))  # (1, 3, H, W)',
        symptom="There is no error, as mean and spread of three colours stretch one channel to three; but the picture "
        "stays grey, and its style loss ends at more than twice that of the right program.",
        test="""\
def test_every_picture_has_three_channels():
    for picture in pictures(torch.rand(1, 3, 64, 96), torch.rand(1, 3, 64, 64)):
        assert picture.shape[:2] == (1, 3)
""",
    ),
    Bug(
        name="alpha channel",
        mistake="A PNG with transparency is read with its fourth channel, alpha.",
        wrong='content = to_tensor(Image.open("logo.png"))  # (1, 4, H, W)',
        right='content = to_tensor(over_white(Image.open("logo.png")))  # (1, 3, H, W)',
        symptom="It stops before the first evaluation: the size of tensor a (4) must match the size of tensor b (3).",
        test="""\
def test_no_picture_has_an_alpha_channel():
    for picture in pictures(torch.rand(1, 3, 64, 96), torch.rand(1, 3, 64, 64)):
        assert picture.shape[1] == 3
""",
    ),
    Bug(
        name="swapped channels",
        mistake="Both pictures are read as blue, green, red, as OpenCV does, and shown as red, green, blue.",
        wrong="content = cv2.imread(path)",
        right="content = cv2.cvtColor(cv2.imread(path), cv2.COLOR_BGR2RGB)",
        symptom="The curves look healthy, but red and blue are exchanged: the tower's red walls are blue.",
        test="""\
def test_red_is_read_as_red():
    red = torch.tensor([1.0, 0.0, 0.0]).view(1, 3, 1, 1).expand(1, 3, 64, 64)
    for picture in pictures(red, red):
        assert picture[0, 0].mean() > picture[0, 2].mean()
""",
    ),
    Bug(
        name="0 to 255",
        mistake="The bytes of the pictures are not divided by 255.",
        wrong="content = torch.from_numpy(pixels).float()",
        right="content = torch.from_numpy(pixels).float() / 255",
        symptom="The picture is white with a few dots of colour, and the first total is some thousand million times "
        "too large.",
        test="""\
def test_pictures_go_from_0_to_1():
    for picture in pictures(torch.rand(1, 3, 64, 96), torch.rand(1, 3, 64, 64)):
        assert 0 <= picture.min() and picture.max() <= 1
""",
    ),
    Bug(
        name="no normalisation",
        mistake="The network is given 0 to 1, without ImageNet's mean and spread, which it was trained with.",
        wrong="x = picture",
        right="x = (picture - mean) / std",
        symptom="The first total is 35 to 70 times smaller; the picture looks as good, and judged by another network "
        "it is no worse.",
        test="""\
def test_the_network_is_given_zeros_for_the_mean_colour():
    net = trained("alexnet")
    seen = features(net, net.mean.expand(1, 3, 64, 64), ("conv1",))["conv1"]
    assert torch.allclose(seen, net.body["conv1"].bias.view(1, -1, 1, 1), atol=1e-5)
""",
    ),
    Bug(
        name="one square size",
        mistake="All pictures are forced to one square size.",
        wrong="Resize((size, size))",
        right="Resize(size)  # the shorter side; the other keeps its proportion",
        symptom="The picture is squeezed to a square: everything is too narrow or too wide, and the curves look "
        "healthy.",
        test="""\
def test_a_picture_keeps_its_shape():
    content, _ = pictures(torch.rand(1, 3, 64, 96), torch.rand(1, 3, 64, 64))
    height, width = content.shape[2:]
    assert width / height == 96 / 64
""",
    ),
    Bug(
        name="shallow layers",
        mistake="The style layers are the first ones, in place of one from each block.",
        wrong='style_layers = ("conv1_1", "conv1_2", "conv2_1", "conv2_2", "conv3_1")',
        right='style_layers = ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1")',
        symptom="The curves look healthy; colours and small strokes arrive, but less of the painting's larger forms: "
        "more of the photograph stays, LPIPS is a third lower.",
        test="""\
def test_the_style_is_read_in_every_block():
    _, style_layers = layers("vgg16")
    assert [name[4] for name in style_layers] == ["1", "2", "3", "4", "5"]
""",
    ),
    Bug(
        name="in-place ReLU",
        mistake="Features are kept from a convolution, and the ReLU after it overwrites them.",
        wrong="nn.ReLU(inplace=True)  # as in torchvision's networks",
        right="nn.ReLU()",
        symptom="No error: the picture is another one, and the content loss begins far above 0, although the descent "
        "starts at the photograph itself.",
        test="""\
def test_features_before_a_relu_have_both_signs():
    kept = features(trained("alexnet"), torch.rand(1, 3, 64, 64), ("conv1", "conv2"))
    assert kept["conv1"].min() < 0
""",
    ),
    Bug(
        name="network to the end",
        mistake="The network runs on after the last layer that a loss reads.",
        wrong="for module in network: ...",
        right="for module in network[: last + 1]: ...",
        symptom="Nothing to see: picture and totals are the same, number for number, for 8 % more work (VGG-16: 3 %).",
        test="""\
def test_nothing_is_computed_after_the_last_layer():
    net, calls = trained("alexnet"), []
    net.body["conv5"].register_forward_hook(lambda *arguments: calls.append("conv5"))
    features(net, torch.rand(1, 3, 64, 64), ("relu1",))
    assert calls == []
""",
    ),
    Bug(
        name="trainable weights",
        mistake="The weights of the network still want gradients, and gather them at every evaluation.",
        wrong="network = models.vgg16(weights=...).features",
        right="network = models.vgg16(weights=...).features.eval().requires_grad_(False)",
        symptom="Nothing to see: picture and totals are the same, number for number, for 43 % more work (VGG-16: 46 "
        "%).",
        test="""\
def test_no_weight_wants_a_gradient():
    assert not any(weight.requires_grad for weight in trained("alexnet").parameters())
""",
    ),
    Bug(
        name="weight squared",
        mistake="The weight multiplies both sides inside the square, so it acts squared.",
        wrong="style_distance(weight * ours, weight * target)",
        right="weight * style_distance(ours, target)",
        symptom="The style loss begins as many times too high as the weight says, and the photograph nearly drowns in "
        "the style.",
        test="""\
def test_twice_the_weight_is_twice_the_style_loss():
    maps = {"relu1": torch.rand(1, 4, 8, 8)}
    nothing = {"relu1": torch.zeros(1, 4, 4)}
    once, twice = (terms(maps, {}, nothing, weight)["style relu1"] for weight in (1.0, 2.0))
    assert torch.isclose(twice, 2 * once)
""",
    ),
    Bug(
        name="Gram not divided",
        mistake="The Gram matrix is a plain sum over positions, not divided by channels and positions.",
        wrong="rows @ rows.T",
        right="rows @ rows.T / (channels * height * width)",
        symptom="The style loss begins some thousand million times too high, and the photograph nearly drowns in the "
        "style.",
        test="""\
def test_a_pattern_seen_four_times_has_the_same_gram_matrix():
    maps = torch.rand(1, 4, 8, 8)
    assert torch.allclose(gram(maps), gram(maps.repeat(1, 1, 2, 2)))
""",
    ),
    Bug(
        name="targets not detached",
        mistake="The targets keep the graph that made them, and the weights still want gradients.",
        wrong="target = features(content)",
        right="target = features(content).detach()",
        symptom="The first evaluation works, the second stops: trying to backward through the graph a second time. "
        "With frozen weights nothing at all happens.",
        test="""\
def test_targets_are_constants():
    picture = torch.rand(1, 3, 64, 64)
    for wish in targets(trained("alexnet"), picture, picture, "alexnet"):
        assert not any(target.requires_grad for target in wish.values())
""",
    ),
    Bug(
        name="a backward for each term",
        mistake="Each term sends its own gradient back through the whole network, with retain_graph=True.",
        wrong="for term in terms: term.backward(retain_graph=True)",
        right="sum(terms).backward()",
        symptom="Nothing to see but rounding: the same picture and curves, for twice the work.",
        test="""\
def test_the_gradient_takes_one_way_back():
    picture, passes = torch.rand(1, 3, 8, 8, requires_grad=True), []
    maps = 2 * picture
    maps.register_hook(passes.append)
    backward({"content": maps.mean(), "style": maps.square().mean()})
    assert len(passes) == 1
""",
    ),
    Bug(
        name="normal noise",
        mistake="The descent starts from random-normal noise, clamped to 0 to 1.",
        wrong="picture = torch.randn(content.shape).clamp(0, 1)",
        right="picture = torch.rand(content.shape)",
        symptom="Half the pixels' numbers start at exactly 0, so the first total is three times that of even noise; "
        "60 evaluations later the two curves nearly meet.",
        test="""\
def test_noise_is_even():
    noise = first_picture(torch.rand(1, 3, 64, 64), start="noise")
    assert (noise == 0).float().mean() < 0.01
    assert abs(noise.mean() - 0.5) < 0.02
""",
    ),
    Bug(
        name="no requires_grad",
        mistake="Nobody says that the picture wants a gradient.",
        wrong="picture = content.clone()",
        right="picture = content.clone().requires_grad_()",
        symptom="It stops at the first evaluation: element 0 of tensors does not require grad and does not have a "
        "grad_fn.",
        test="""\
def test_the_picture_is_a_leaf_that_wants_a_gradient():
    picture = first_picture(torch.rand(1, 3, 64, 64))
    assert picture.requires_grad and picture.is_leaf
""",
    ),
    Bug(
        name="new optimiser each step",
        mistake="The optimiser is made inside the loop, so it forgets at each step what it has learned.",
        wrong="for step in range(steps): optimizer = torch.optim.LBFGS([picture])",
        right="optimizer = torch.optim.LBFGS([picture])  # once, before the loop",
        symptom="The photograph hardly changes, and the total falls by 3 to 4 % in place of 70 to 86 %.",
        test="""\
def test_a_narrow_bowl_is_reached():
    steep = torch.linspace(1, 100, 192).view(1, 3, 8, 8)
    picture = torch.ones(1, 3, 8, 8, requires_grad=True)
    *_, (_, last) = descend(picture, lambda x: {"bowl": (steep * x.square()).mean()}, 40)
    assert last["bowl"] < 0.01
""",
    ),
    Bug(
        name="no zero_grad",
        mistake="The old gradients are not cleared, so each new one is added to all before.",
        wrong="total.backward()",
        right="optimizer.zero_grad(); total.backward()",
        symptom="The total jumps up and down, higher each time, and is infinite within 20 evaluations; the picture is "
        "glaring noise.",
        test="""\
def test_only_the_newest_gradient_counts():
    picture, gradients = torch.ones(1, 3, 8, 8, requires_grad=True), []
    picture.register_post_accumulate_grad_hook(lambda x: gradients.append(x.grad.mean().item()))
    list(descend(picture, lambda x: {"slope": x.mean()}, 3))
    assert max(gradients) == min(gradients)
""",
    ),
    Bug(
        name="clamp in the closure",
        mistake="The closure clamps the pixels behind the optimiser's back.",
        wrong="def closure(): picture.data.clamp_(0, 1); ...",
        right="total = content + style + 1e4 * outside_range(picture)",
        symptom="We found no clear harm: the last total differs from the right one by about 1 %, up or down.",
        test="""\
def test_the_closure_leaves_the_pixels_where_the_optimiser_put_them():
    picture = torch.full((1, 3, 8, 8), 1.5, requires_grad=True)
    ((evaluated, _),) = descend(picture, lambda x: {"square": x.square().mean()}, 1)
    assert evaluated.max() == 1.5
""",
    ),
    Bug(
        name="steps are closures",
        mistake="Calls of L-BFGS's closure are counted as steps; one step() makes 20 of them.",
        wrong="while run[0] <= 300: optimizer.step(closure)",
        right="LBFGS([picture], max_iter=1); for step in range(300): optimizer.step(closure)",
        symptom="60 are asked for and 80 are made; nothing else is wrong, but two such runs cannot be compared.",
        test="""\
def test_as_many_evaluations_as_asked_for():
    picture = torch.ones(1, 3, 8, 8, requires_grad=True)
    assert len(list(descend(picture, lambda x: {"bowl": x.square().mean()}, 30))) == 30
""",
    ),
)
BUGS = {bug.name: bug for bug in _LABELS}
