"""Exported detectors: boxes as the module's own, AP as pycocotools'."""

import contextlib
import io
import json
import os
import shutil
import subprocess

import numpy as np
import pytest
import torch
from PIL import Image

pytest.importorskip("pycocotools")
from pycocotools.coco import COCO  # noqa: E402
from pycocotools.cocoeval import COCOeval  # noqa: E402

torch.set_num_threads(1)

EYECHART = os.path.join(os.environ["EYECHART_BIN"], "eyechart")
SIDE, CELLS, PICTURES = 64, 8, 12
NAMES = ["red", "green", "blue"]
PREPROCESS = {"image_processor_type": "CLIPImageProcessor",
              "size": {"height": SIDE, "width": SIDE}, "do_center_crop": False,
              "image_mean": [0.5, 0.4, 0.3], "image_std": [0.3, 0.2, 0.25]}


class Grid(torch.nn.Module):
    """A box and class logits a cell."""

    def __init__(self, columns: int):
        super().__init__()
        self.conv = torch.nn.Conv2d(3, 4 + columns, SIDE // CELLS,
                                    stride=SIDE // CELLS)
        place = (torch.arange(CELLS) + 0.5) / CELLS
        self.register_buffer("x", place.repeat(CELLS))
        self.register_buffer("y", place.repeat_interleave(CELLS))

    def forward(self, pixels):
        out = self.conv(pixels).flatten(2).transpose(1, 2)
        center_x = self.x + 0.1 * torch.tanh(out[..., 0])
        center_y = self.y + 0.1 * torch.tanh(out[..., 1])
        size = 0.15 + 0.3 * torch.sigmoid(out[..., 2:4])
        boxes = torch.cat([center_x.unsqueeze(-1), center_y.unsqueeze(-1),
                           size], -1)
        return boxes, out[..., 4:]


class Named(torch.nn.Module):
    def __init__(self, inner):
        super().__init__()
        self.inner = inner

    def forward(self, pixels):
        boxes, logits = self.inner(pixels)
        return {"pred_logits": logits, "pred_boxes": boxes}


class Columns(torch.nn.Module):
    """As YOLO exports: one tensor (B, 4 + classes, boxes), in pixels."""

    def __init__(self, inner):
        super().__init__()
        self.inner = inner

    def forward(self, pixels):
        boxes, logits = self.inner(pixels)
        return torch.cat([boxes * 64, logits.sigmoid()], -1).transpose(1, 2)


class Labelled(torch.nn.Module):
    """As torchvision's and end-to-end YOLO: corners, scores, labels from 1."""

    def __init__(self, inner):
        super().__init__()
        self.inner = inner

    def forward(self, pixels):
        boxes, logits = self.inner(pixels)
        half = boxes[..., 2:] / 2
        corners = torch.cat([boxes[..., :2] - half, boxes[..., :2] + half], -1)
        scores, labels = logits.sigmoid().max(-1)
        return torch.cat([corners * 64, scores.unsqueeze(-1),
                          labels.unsqueeze(-1) + 1.0], -1)


KINDS = {
    "detr": (Named, 3, "sigmoid", False, {
        "boxes": "pred_boxes", "format": "cxcywh", "normalized": True,
        "logits": "pred_logits", "activation": "sigmoid"}),
    "softmax": (Named, 4, "softmax", False, {
        "boxes": "pred_boxes", "format": "cxcywh", "normalized": True,
        "logits": "pred_logits", "activation": "softmax",
        "background": "last"}),
    "yolo": (Columns, 3, "sigmoid", True, {
        "boxes": {"output": 0, "from": 0, "to": 4}, "format": "cxcywh",
        "normalized": False, "layout": "columns", "activation": "none",
        "logits": {"output": 0, "from": 4}}),
    "labelled": (Labelled, 3, "best", True, {
        "boxes": {"output": 0, "from": 0, "to": 4}, "format": "xyxy",
        "normalized": False, "first_label": 1,
        "scores": {"output": 0, "from": 4, "to": 5},
        "labels": {"output": 0, "from": 5, "to": 6}}),
}


def pictures(folder):
    rng = np.random.default_rng(5)
    made = []
    folder.mkdir(parents=True)
    for i in range(PICTURES):
        coarse = rng.integers(0, 256, (16, 16, 3), dtype=np.uint8)
        made.append(np.kron(coarse, np.ones((4, 4, 1), np.uint8)))
        Image.fromarray(made[-1]).save(folder / f"{i}.png")
    return made


def suppress(boxes, scores, labels, threshold):
    """Greedy, class by class; candidates come best first."""
    kept = []
    for i in range(len(scores)):
        good = True
        for k in kept:
            if labels[k] != labels[i]:
                continue
            w = min(boxes[i][2], boxes[k][2]) - max(boxes[i][0], boxes[k][0])
            h = min(boxes[i][3], boxes[k][3]) - max(boxes[i][1], boxes[k][1])
            both = max(w, 0) * max(h, 0)
            area = [(b[2] - b[0]) * (b[3] - b[1])
                    for b in (boxes[i], boxes[k])]
            good = good and both / (sum(area) - both) <= threshold
        if good:
            kept.append(i)
    return kept


@torch.inference_mode()
def expected(grid, images, rule, needs_nms, min_score):
    """COCO results of the module, by the published post-processing."""
    mean, std = (torch.tensor(PREPROCESS[key]).view(3, 1, 1)
                 for key in ("image_mean", "image_std"))
    results = []
    for number, image in enumerate(images):
        pixels = torch.from_numpy(image).permute(2, 0, 1) / 255
        boxes, logits = grid(((pixels - mean) / std)[None])
        boxes, logits = boxes[0], logits[0]
        if rule == "softmax":
            scores, labels = logits.softmax(-1)[:, :-1].max(-1)
            index = torch.arange(len(boxes))
        elif rule == "best":
            scores, labels = logits.sigmoid().max(-1)
            index = torch.arange(len(boxes))
        else:
            scores = logits.sigmoid().flatten()
            index = torch.arange(len(scores)) // logits.shape[1]
            labels = torch.arange(len(scores)) % logits.shape[1]
        half = boxes[:, 2:] / 2
        corners = SIDE * torch.cat([boxes[:, :2] - half,
                                    boxes[:, :2] + half], 1)
        order = scores.argsort(descending=True, stable=True)
        order = order[scores[order] >= min_score]
        box, score = corners[index[order]].numpy(), scores[order].numpy()
        label = labels[order].numpy()
        kept = (suppress(box.astype(np.float64), score, label, 0.6)
                if needs_nms else range(len(score)))
        for i in list(kept)[:100]:
            x1, y1, x2, y2 = np.clip(box[i].astype(np.float64), 0, SIDE)
            results.append({"image_id": number + 1,
                            "category_id": int(label[i]) + 1,
                            "bbox": [x1, y1, x2 - x1, y2 - y1],
                            "score": float(score[i])})
    return results


def truth_of(results):
    """Some of what is found, the surer the likelier, moved a little."""
    rng = np.random.default_rng(6)
    annotations = []
    for row in results:
        if rng.random() > 0.9 * row["score"] ** 4:
            continue
        x, y, w, h = np.array(row["bbox"]) + rng.normal(0, 1.5, 4)
        x, y = np.clip([x, y], 0, SIDE - 6)
        w, h = np.clip([w, h], 4, [SIDE - x, SIDE - y])
        annotations.append({
            "id": len(annotations) + 1, "image_id": row["image_id"],
            "category_id": row["category_id"], "iscrowd": 0,
            "bbox": [float(v) for v in (x, y, w, h)], "area": float(w * h)})
    return {"images": [{"id": i + 1, "file_name": f"{i}.png", "width": SIDE,
                        "height": SIDE} for i in range(PICTURES)],
            "annotations": annotations,
            "categories": [{"id": i + 1, "name": name}
                           for i, name in enumerate(NAMES)]}


def their_figures(truth, results):
    with contextlib.redirect_stdout(io.StringIO()):
        gt = COCO()
        gt.dataset = truth
        gt.createIndex()
        evaluation = COCOeval(gt, gt.loadRes(results), "bbox")
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    return evaluation.stats


def run(*arguments):
    done = subprocess.run([EYECHART, *map(str, arguments), "--json"],
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def make(tmp_path, kind, form="torchscript"):
    wrapper, columns, rule, needs_nms, answers = KINDS[kind]
    torch.manual_seed(7)
    grid = Grid(columns).eval()
    with torch.no_grad():
        grid.conv.weight *= 3
    folder = tmp_path / "detector"
    folder.mkdir()
    module = wrapper(grid).eval()
    if form == "torchscript":
        torch.jit.script(module).save(folder / "program")
    else:
        program = torch.export.export(
            module, (torch.zeros(2, 3, SIDE, SIDE),),
            dynamic_shapes=({0: torch.export.Dim("batch", min=1, max=64)},))
        torch._inductor.aoti_compile_and_package(
            program, package_path=str(folder / "program.pt2"))
    (folder / "eyechart.json").write_text(json.dumps({
        "format": form, "image_size": SIDE, "preprocess": PREPROCESS,
        "model": "program" if form == "torchscript" else "program.pt2",
        "categories": NAMES,
        "detector": answers | {"needs_nms": needs_nms}}))
    images = pictures(tmp_path / "set/test")
    results = expected(grid, images, rule, needs_nms, 0.001)
    truth = truth_of(results)
    (tmp_path / "set/test/_annotations.coco.json").write_text(
        json.dumps(truth))
    return folder, truth, results, lambda least: expected(
        grid, images, rule, needs_nms, least)


def compare(tmp_path, folder, truth, results):
    got = run("detect", "eval", folder, tmp_path / "set", "--bootstrap", 0,
              "--threads", 1, "-o", tmp_path / "out")
    figures = their_figures(truth, results)
    assert 0.05 < figures[0] < 0.95  # a case that can be got wrong
    for i, name in enumerate(("AP", "AP50", "AP75")):
        assert got["stats"][name] == pytest.approx(figures[i], abs=1e-9), name
    found = json.loads((tmp_path / "out/detections.json").read_text())
    assert len(found) == len(results)
    worst = 0
    for ours, theirs in zip(found, results):
        assert ours["image_id"] == theirs["image_id"]
        assert ours["category_id"] == theirs["category_id"]
        assert ours["score"] == pytest.approx(theirs["score"], abs=1e-5)
        worst = max(worst, np.abs(np.subtract(ours["bbox"],
                                              theirs["bbox"])).max())
    assert worst < 1e-3
    return figures


@pytest.mark.parametrize("kind", KINDS)
def test_torchscript(tmp_path, kind):
    folder, truth, results, _ = make(tmp_path, kind)
    compare(tmp_path, folder, truth, results)


@pytest.mark.skipif(shutil.which("c++") is None, reason="no C++ compiler")
def test_aotinductor(tmp_path):
    folder, truth, results, _ = make(tmp_path, "yolo", "aotinductor")
    compare(tmp_path, folder, truth, results)


def test_sweep(tmp_path):
    """Each row's AP is pycocotools' at that confidence."""
    folder, truth, _, at = make(tmp_path, "yolo")
    confidences = [0.001, 0.2, 0.5, 0.8]
    got = run("bench", folder, tmp_path / "set", "--nms-sweep", "--allow", "--confidences",
              ",".join(map(str, confidences)), "--ious", 0.6,
              "--nms-repetitions", 1, "--cost-pictures", 0, "--threads", 1)
    rows = got["sweeps"][0]["rows"]
    assert [row["confidence"] for row in rows] == confidences
    for row in rows:
        figures = their_figures(truth, at(row["confidence"]))
        assert row["AP"] == pytest.approx(figures[0], abs=1e-9)
        assert row["AP50"] == pytest.approx(figures[1], abs=1e-9)
