"""A command for every loss of the family `detection`, and the number that another tool gives."""

import math

from samples.files import exact, mean, squared_distance
from samples.sample import Plain, Sample


def iou_box_by_formula():
    return mean(1 - iou(*pair) for pair in box_pairs())


def giou_box_by_formula():
    return mean(giou(*pair) for pair in box_pairs())


def diou_box_by_formula():
    return mean(1 - iou(*pair) + centre_offset(*pair) for pair in box_pairs())


def ciou_box_by_formula():
    return mean(ciou(*pair) for pair in box_pairs())


def box_pairs():
    names = ("coins_boxes_prediction.csv", "coins_boxes_target.csv")
    return zip(*map(exact, names), strict=True)


def area_of(box):
    return max(box[2] - box[0], 0) * max(box[3] - box[1], 0)


def intersection(one, other):
    low, high = map(max, one[:2], other[:2]), map(min, one[2:], other[2:])
    return area_of([*low, *high])


def enclosing(one, other):
    return [*map(min, one[:2], other[:2]), *map(max, one[2:], other[2:])]


def iou(one, other):
    common = intersection(one, other)
    return common / (area_of(one) + area_of(other) - common)


def giou(one, other):
    around = area_of(enclosing(one, other))
    union = area_of(one) + area_of(other) - intersection(one, other)
    return 1 - iou(one, other) + (around - union) / around


def centre_offset(one, other):
    around = enclosing(one, other)
    centres = [[box[0] + box[2], box[1] + box[3]] for box in (one, other)]
    return squared_distance(*centres) / 4 / squared_distance(around[:2], around[2:])


def ciou(one, other):
    angles = [math.atan((box[2] - box[0]) / (box[3] - box[1])) for box in (one, other)]
    shape = 4.0 / math.pi**2 * (angles[0] - angles[1]) ** 2
    missed = float(1 - iou(one, other))
    return missed + float(centre_offset(one, other)) + shape**2 / (missed + shape)


SAMPLES = [
    Sample(
        "iou_box sample_data/coins_boxes_prediction.csv sample_data/coins_boxes_target.csv",
        0.07391235904607214,
        Plain(iou_box_by_formula),
    ),
    Sample(
        "giou_box sample_data/coins_boxes_prediction.csv sample_data/coins_boxes_target.csv",
        0.0741067860932856,
        Plain(giou_box_by_formula),
    ),
    Sample(
        "diou_box sample_data/coins_boxes_prediction.csv sample_data/coins_boxes_target.csv",
        0.07410822384721709,
        Plain(diou_box_by_formula),
    ),
    Sample(
        "ciou_box sample_data/coins_boxes_prediction.csv sample_data/coins_boxes_target.csv",
        0.07410888937749897,
        Plain(ciou_box_by_formula),
    ),
]
