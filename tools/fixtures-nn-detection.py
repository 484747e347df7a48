"""Known answers for packages/nn/test/detection.test.ts from COCO's own evaluation: pip install pycocotools==2.0.11, then python3 tools/fixtures-nn-detection.py.

Writes packages/nn/test/fixtures/detection.json. A case has objects and detections of some images, as lists of [image, class, y1, x1, y2, x2] (detections with
a score at the end), and the average precisions that cocoeval gives, by threshold and class (-1 for a class without objects). Coordinates are small integers,
so that intersections over union are exact; scores differ. cocoeval compares recalls with the multiples of 0.01 that
float64 has, some of which are a little too large (0.07): no class has a number of objects for which that matters.
"""
import contextlib
import io
import json
import pathlib
import random

import numpy as np
import pycocotools
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

CLASSES = 3
THRESHOLDS = [0.3, 0.5, 0.75]


def box(rng):
    y, x = rng.randint(0, 20), rng.randint(0, 20)
    return [y, x, y + rng.randint(4, 12), x + rng.randint(4, 12)]


def near(rng, b):
    moved = [v + rng.randint(-2, 2) for v in b]
    return [moved[0], moved[1], max(moved[2], moved[0] + 1), max(moved[3], moved[1] + 1)]


def draw(seed, images, present):
    """Detections near objects, some of them twice or with another class, and others anywhere."""
    rng = random.Random(seed)
    objects = [[i, rng.choice(present), *box(rng)] for i in range(images) for _ in range(rng.randint(0, 4))]
    seen = [[i, c if rng.random() < 0.85 else rng.randrange(CLASSES), *near(rng, b)] for i, c, *b in objects for _ in range(rng.randint(0, 2))]
    seen += [[rng.randrange(images), rng.randrange(CLASSES), *box(rng)] for _ in range(images)]
    scores = [k / 128 for k in rng.sample(range(1, 128), len(seen))]
    return objects, [[*d, s] for d, s in zip(seen, scores)]


def corner_and_size(b):
    y1, x1, y2, x2 = b
    return [x1, y1, x2 - x1, y2 - y1]


def precisions(images, objects, detections):
    truth = COCO()
    truth.dataset = {
        "info": {},
        "images": [{"id": i + 1} for i in range(images)],
        "categories": [{"id": c + 1} for c in range(CLASSES)],
        "annotations": [{"id": k + 1, "image_id": i + 1, "category_id": c + 1, "bbox": corner_and_size(b), "iscrowd": 0,
                         "area": (b[2] - b[0]) * (b[3] - b[1])} for k, (i, c, *b) in enumerate(objects)],
    }
    truth.createIndex()
    found = truth.loadRes([{"image_id": i + 1, "category_id": c + 1, "bbox": corner_and_size(b), "score": s} for i, c, *b, s in detections])
    run = COCOeval(truth, found, "bbox")
    run.params.iouThrs = np.array(THRESHOLDS)
    run.evaluate()
    run.accumulate()
    # [threshold, recall, class, area, most]: of all areas, with at most 100 detections.
    return run.eval["precision"][:, :, :, 0, -1].mean(axis=1)


def case(seed, images, present):
    objects, detections = draw(seed, images, present)
    with contextlib.redirect_stdout(io.StringIO()):
        values = precisions(images, objects, detections)
    return {"images": images, "objects": objects, "detections": detections, "precisions": [[float(f"{v:.9g}") for v in row] for row in values]}


fixtures = {
    "origin": "pycocotools 2.0.11, COCOeval",
    "classes": CLASSES,
    "thresholds": THRESHOLDS,
    "cases": [case(1, 6, [0, 1, 2]), case(2, 9, [0, 1, 2]), case(3, 5, [0, 2])],
}
path = pathlib.Path(__file__).parent.parent / "packages/nn/test/fixtures/detection.json"
path.write_text(json.dumps(fixtures) + "\n")
