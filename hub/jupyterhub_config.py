"""JupyterHub on one Linux machine, for a class larger than its laptops; README.md beside this file says how to start.

All servers run as the account that starts the hub, each with a folder of its own: a learner who wants to can read the
work of the others. With values.yaml, on Kubernetes, each has a container.
"""

import os
import sys
from pathlib import Path

import psutil

sys.path.insert(0, os.path.dirname(__file__))  # JupyterHub runs this file from any folder
from copy_course import copy_course

# ---- what you may want to change ----

CLASS = Path(os.environ.get("STYLE_HELPERS_CLASS") or Path.home() / "style-helpers-class")  # learners' folders
THREADS = 1  # of each learner's kernel
LIMIT_GB = 4  # of memory, for each process of a learner: lesson 07 takes 2.7 at its peak
PEAK_GB = 2  # of a learner at work, server and kernel; README.md has the measured figures
OTHERS_GB = 2  # the system, the hub and its proxy
SEATS = int((psutil.virtual_memory().total / 2**30 - OTHERS_GB) // PEAK_GB)  # servers at a time; one more is refused
IDLE_KERNEL = 30 * 60  # seconds without work and without a browser, after which a kernel's memory is given back
IDLE_SERVER = 60 * 60  # seconds without anything, after which a learner's server ends; files stay

# ---- what is asked of you ----

PASSWORD = os.environ.get("STYLE_HELPERS_HUB_PASSWORD", "")
WEIGHTS = os.environ.get("STYLE_HELPERS_WEIGHTS", "")
if len(PASSWORD) < 8:
    sys.exit("Set STYLE_HELPERS_HUB_PASSWORD to a password of 8 characters or more: learners log in with it.")
if not (Path(WEIGHTS) / "vgg16.safetensors").is_file():
    sys.exit("Set STYLE_HELPERS_WEIGHTS to a folder that holds vgg16.safetensors; README.md says how to make it.")
if os.geteuid() == 0:
    sys.exit("Start the hub from an ordinary account, not as root: every learner's kernel runs as that account.")

c = get_config()  # noqa: F821, JupyterHub puts it there

# ---- who may come in: any name, with the class's password ----

c.JupyterHub.authenticator_class = "shared-password"
c.SharedPasswordAuthenticator.user_password = PASSWORD
c.Authenticator.allow_all = True
c.Authenticator.username_pattern = r"[a-z0-9][a-z0-9._-]{0,31}\Z"  # it becomes the name of a folder

# ---- a server for each ----

c.JupyterHub.spawner_class = "simple"
c.SimpleLocalProcessSpawner.home_dir_template = str(CLASS / "learners" / "{username}")
c.Spawner.default_url = "/lab/tree/course/00_first_picture.ipynb"
c.JupyterHub.active_server_limit = SEATS
c.Spawner.start_timeout = c.Spawner.http_timeout = 180  # seconds: when a whole class starts at once, the last one waits
c.Spawner.environment = {"STYLE_HELPERS_WEIGHTS": WEIGHTS, "OMP_NUM_THREADS": str(THREADS)}

# The hub only tells MEM_LIMIT to the kernel. What holds is the system's limit on the data of each process, which the
# kernels inherit: beyond it an allocation fails in the learner's own notebook, and the neighbours notice nothing.
c.Spawner.mem_limit = f"{LIMIT_GB}G"
c.Spawner.cmd = ["prlimit", f"--data={LIMIT_GB * 2**30}", sys.executable, "-m", "jupyterhub.singleuser"]

c.Spawner.args = [
    f"--MappingKernelManager.cull_idle_timeout={IDLE_KERNEL}",
    "--MappingKernelManager.cull_interval=60",
    f"--ServerApp.shutdown_no_activity_timeout={IDLE_SERVER}",
]


def give_the_lessons(spawner):
    """Before each start; what cannot be copied must not keep a learner out."""
    try:
        copy_course(Path(c.SimpleLocalProcessSpawner.home_dir_template.format(username=spawner.user.name)) / "course")
    except OSError as error:
        spawner.log.warning("The lessons of %s are not complete: %s", spawner.user.name, error)


c.Spawner.pre_spawn_hook = give_the_lessons

# ---- the hub's own files, away from the course ----

CLASS.mkdir(mode=0o700, parents=True, exist_ok=True)
c.JupyterHub.db_url = f"sqlite:///{CLASS / 'jupyterhub.sqlite'}"
c.JupyterHub.cookie_secret_file = str(CLASS / "jupyterhub_cookie_secret")
c.ConfigurableHTTPProxy.pid_file = str(CLASS / "jupyterhub-proxy.pid")
