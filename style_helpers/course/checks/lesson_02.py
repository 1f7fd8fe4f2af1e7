"""Checks of lesson 02: what a network sees."""

import math

import torch.nn.functional as F

from style_helpers.course.feedback import draw, exercise

# In the tables one line in words, one line of formula
# fmt: off


@exercise(
    {
        ("the layers of Gatys et al., the first of each block", "The old tutorial counts all convolutions, one by one"):
            lambda: ("conv1_1", "conv2_1", "conv3_1", "conv4_1", "conv5_1"),
        ("the ReLUs after the convolutions", "The old tutorial reads its `conv_1` before the ReLU: names with `conv`"):
            lambda: ("relu1_1", "relu1_2", "relu2_1", "relu2_2", "relu3_1"),
        ("the old tutorial's own names", "Asked are the paper's: block, underscore, number in the block"):
            lambda: ("conv_1", "conv_2", "conv_3", "conv_4", "conv_5"),
        ("names without a pooling between them", "After two convolutions VGG pools, and block 2 begins"):
            lambda: ("conv1_1", "conv1_2", "conv1_3", "conv1_4", "conv1_5"),
        ("a count that begins with the second", "The first convolution of all is conv1_1"):
            lambda: ("conv1_2", "conv2_1", "conv2_2", "conv3_1", "conv3_2"),
        ("the last one missing", "There are five: think what comes after conv2_2 and its pooling"):
            lambda: ("conv1_1", "conv1_2", "conv2_1", "conv2_2"),
        ("the right names from the deepest up", "Begin with the layer next to the picture"):
            lambda: ("conv3_1", "conv2_2", "conv2_1", "conv1_2", "conv1_1"),
        ("numbers without `conv`", "Asked are whole names: `conv`, block, underscore, number in the block"):
            lambda: ("1_1", "1_2", "2_1", "2_2", "3_1"),
        ("a block 2 without an end", "After two convolutions VGG pools again: block 3 begins"):
            lambda: ("conv1_1", "conv1_2", "conv2_1", "conv2_2", "conv2_3"),
        ("names with one number", "Asked are block, underscore, number in the block"):
            lambda: ("conv1", "conv2", "conv3", "conv4", "conv5"),
        ("the last convolutions of the blocks", "Count all, one by one, from the first"):
            lambda: ("conv1_2", "conv2_2", "conv3_3", "conv4_3", "conv5_3"),
        ("one convolution in block 2", "It has two, as block 1 has"):
            lambda: ("conv1_1", "conv1_2", "conv2_1", "conv3_1", "conv3_2"),
        ("one convolution in block 1", "It has two, as block 2 has"):
            lambda: ("conv1_1", "conv2_1", "conv2_2", "conv3_1", "conv3_2"),
        ("three convolutions in block 1", "It has two, as block 2 has"):
            lambda: ("conv1_1", "conv1_2", "conv1_3", "conv2_1", "conv2_2"),
        ("poolings counted too", "Count the convolutions alone: there are five"):
            lambda: ("conv1_1", "conv1_2", "pool1", "conv2_1", "conv2_2"),
        ("ReLUs counted too", "Count the convolutions alone: there are five"):
            lambda: ("conv1_1", "relu1_1", "conv1_2", "relu1_2", "conv2_1"),
        ("a count from 0", "The paper counts blocks and convolutions from 1"):
            lambda: ("conv0_0", "conv0_1", "conv1_0", "conv1_1", "conv2_0"),
        ("blocks counted from 0", "The paper counts blocks from 1"):
            lambda: ("conv0_1", "conv0_2", "conv1_1", "conv1_2", "conv2_1"),
        ("the paper's own style layers", "They are the first ReLU of each block: the old tutorial counts all `conv`"):
            lambda: ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1"),
        ("block and number exchanged", "The block comes first, then the number within it"):
            lambda: ("conv1_1", "conv2_1", "conv1_2", "conv2_2", "conv1_3"),
    },
    cases={"": lambda: ()},
    look="Walk through VGG from the picture up and write down each convolution: conv, block, underscore, number.",
    praise="Notice that the old tutorial's five layers stop at conv3_1, where the paper's go on to conv5_1.",
)
def tutorial_layers():
    """a tuple of five names in quotes: the paper's names of the first five convolutions of VGG"""
    return ("conv1_1", "conv1_2", "conv2_1", "conv2_2", "conv3_1")


def _sees(layers, start=1, less=1, early=False) -> int:
    side, jump = start, 1  # jump: pixels between two neighbouring units
    for kernel, stride in layers:
        jump_after = jump * stride
        side, jump = side + (kernel - less) * (jump_after if early else jump), jump_after
    return side


def _jumps(layers) -> list[int]:
    return [math.prod(stride for _, stride in layers[:i]) for i in range(len(layers))]


def _sees_stretched(layers) -> int:
    side = 1
    for kernel, stride in layers:
        side = side * stride + kernel - 1
    return side


def _sees_adding(layers) -> int:
    side, jump = 1, 1
    for kernel, stride in layers:
        side, jump = side + (kernel - 1) * jump, jump + stride
    return side


@exercise(
    {
        ("kernels added up without strides", "After a stride of 2, one step is two pixels wide"):
            lambda layers: _sees([(kernel, 1) for kernel, _ in layers]),
        ("a stride that counts one layer too early", "A layer's stride widens the steps of the layers above it"):
            lambda layers: _sees(layers, early=True),
        ("a whole kernel for each layer", "A kernel of 3 adds only 2 to what is seen: kernel - 1"):
            lambda layers: _sees(layers, less=0),
        ("the plain sum of the kernels", "A kernel adds kernel - 1, times the strides below"):
            lambda layers: sum(kernel for kernel, _ in layers),
        ("the answer for the list from its end", "The list goes from the input up: begin with its first"):
            lambda layers: _sees(layers[::-1]),
        ("kernels multiplied", "Sides add up, only strides multiply"):
            lambda layers: math.prod(kernel for kernel, _ in layers),
        ("a start with 0", "Before the first layer, one pixel sees itself: begin with 1"):
            lambda layers: _sees(layers, start=0),
        ("a `return` inside the loop", "It ends at the first layer: move it to the left, under `for`"):
            lambda layers: _sees(layers[:1]),
        ("strides added up", "Strides multiply: jump = jump * stride"):
            lambda layers: _sees_adding(layers),
        ("kernel and stride exchanged", "Each pair is (kernel, stride), in this order"):
            lambda layers: _sees([(stride, kernel) for kernel, stride in layers]),
        ("a list without its first layer", "The first layer sees something too: begin with it"):
            lambda layers: _sees(layers[1:]),
        ("each layer's own stride alone", "All the strides below a layer multiply"):
            lambda layers: layers[0][0] + sum((layers[i][0] - 1) * layers[i - 1][1] for i in range(1, len(layers))),
        ("each layer's own stride in place of those below", "A step is as wide as all strides below it multiplied"):
            lambda layers: 1 + sum((kernel - 1) * stride for kernel, stride in layers),
        ("a list without its last layer", "The last layer sees something too: go to the end"):
            lambda layers: _sees(layers[:-1]),
        ("the strides multiplied, the width of a step", "That is `jump`: return `side`"):
            lambda layers: math.prod(stride for _, stride in layers),
        ("the part of the last layer alone", "Add it to what is there: `side += ...`"):
            lambda layers: _sees(layers) - _sees(layers[:-1]),
        ("brackets that are missing", "(kernel - 1) * jump: the 1 is taken away first"):
            lambda layers: sum(kernel * jump - 1 for (kernel, _), jump in zip(layers, _jumps(layers), strict=True)) + 1,
        ("`kernel - 1 * jump`", "Python multiplies first, so brackets are missing: (kernel - 1) * jump"):
            lambda layers: 1 + sum(kernel - jump for (kernel, _), jump in zip(layers, _jumps(layers), strict=True)),
        ("kernel + 1", "A kernel of 3 adds only 2 to what is seen: kernel - 1"):
            lambda layers: _sees(layers, less=-1),
        ("a side that is multiplied by the stride", "The stride widens the steps, `jump`, not what is seen already"):
            _sees_stretched,
        ("a `return` inside the loop, with a stride that counts too early",
         "Move it to the left, under `for`, and change `jump` after `side`"):
            lambda layers: _sees(layers[:1], early=True),
        ("an area", "Asked is one side of the square"): lambda layers: _sees(layers) ** 2,
    },
    cases={
        "[(3, 1), (3, 1)]": lambda: ([(3, 1), (3, 1)],),
        "[(3, 1), (3, 1), (2, 2), (3, 1)]": lambda: ([(3, 1), (3, 1), (2, 2), (3, 1)],),
        "[(11, 4), (3, 2), (5, 1)]": lambda: ([(11, 4), (3, 2), (5, 1)],),
    },
    look="Draw it: each layer adds kernel - 1 steps, and a step is as wide as all strides below it multiplied.",
    praise="Notice how each stride widens all that comes after it: depth sees far because of pooling.",
)
def receptive_field(layers):
    """the side, in pixels, of what one unit sees, an int, for a list of (kernel, stride) from the input up"""
    return _sees(layers)


@exercise(
    {
        ("a ReLU in place", "The numbers are right, but x is overwritten: use `clamp(min=0)` without `_`"):
            lambda x: x.relu_(),
        ("the argument given back as it was", "Below 0 the result must be 0"): lambda x: x,
        ("a ReLU turned around", "Keep what is above 0"): lambda x: x.clamp(max=0),
        ("absolute values", "Numbers below 0 become 0, not positive"): lambda x: x.abs(),
        ("a leaky ReLU", "Below 0 the result must be exactly 0"): lambda x: F.leaky_relu(x),
        ("a mask of 0 and 1", "Multiply it with x"): lambda x: (x > 0).float(),
        ("a clamp at 1 as well", "A ReLU has no upper end"): lambda x: x.clamp(0, 1),
        ("a clamp at 6 as well, ReLU6", "A ReLU has no upper end"): lambda x: F.relu6(x),
        ("a clamp at 1 from below", "The limit is 0: `clamp(min=0)`"): lambda x: x.clamp(min=1),
        ("minus a ReLU", "What is above 0 stays as it is: leave out the minus"): lambda x: -x.clamp(min=0),
        ("the ReLU of -x", "Keep what is above 0, not what is below"): lambda x: (-x).clamp(min=0),
        ("the numbers above 0 alone, in a row", "Keep the shape: the others become 0 and are not left out"):
            lambda x: x[x > 0],
        ("the largest number alone", "Each number is compared with 0: `clamp(min=0)`"): lambda x: x.max(),
        ("a softplus", "A ReLU has a corner: 0 below 0, x above"): lambda x: F.softplus(x),
        ("an ELU", "Below 0 the result must be exactly 0"): lambda x: F.elu(x),
        ("a sigmoid", "Above 0 the number itself stays"): lambda x: x.sigmoid(),
    },
    cases={"features of shape (2, 3, 4, 5)": lambda: (draw(2, 3, 4, 5),), "(7, 2)": lambda: (5 * draw(7, 2),)},
    look="Above 0 the number itself, else 0, in a new tensor.",
    praise="And x is as it was. Notice that `nn.ReLU(inplace=True)`, as in torchvision's VGG, would not leave it so.",
    gradient=True,
)
def relu_trap(x):
    """a new tensor with the numbers of x above 0, and 0 for the others; x stays as it is"""
    return x.clamp(min=0)
