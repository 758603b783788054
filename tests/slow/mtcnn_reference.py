"""Runs the mtcnn package in an environment of its own: `python mtcnn_reference.py QUESTIONS.npz ANSWERS.npz`.

Questions: `pnet`, `rnet`, `onet` (n, h, w, 3) float32 0..255, and pictures `picture_0`, … (h, w, 3) uint8 RGB.
Answers: `pnet_0`, … each net's outputs in its order, and `faces_0`, … (n, 16) float: the picture's number; left,
top, right, bottom; score; five x; five y.
"""

import sys

import numpy as np
from mtcnn import MTCNN


def main(questions_path: str, answers_path: str) -> None:
    questions = np.load(questions_path)
    cascade = MTCNN()
    answers = {}
    for stage in cascade.stages:
        name = type(stage).__name__.removeprefix("Stage").lower()
        outputs = stage.model((questions[name] - 127.5) / 128)
        answers |= {f"{name}_{place}": output.numpy() for place, output in enumerate(outputs)}
    for name in (each for each in questions.files if each.startswith("picture_")):
        found = cascade.detect_faces(
            questions[name], box_format="xyxy", output_type="numpy", min_face_size=20
        )
        answers[name.replace("picture", "faces")] = found
    np.savez(answers_path, **answers)


if __name__ == "__main__":
    main(*sys.argv[1:])
