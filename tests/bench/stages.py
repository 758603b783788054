"""The names of what is measured, and the settings that all contestants share."""

DECODE, DETECT, ALIGN, EMBED, MATCH = "decode", "detect", "align", "embed", "match"
WHOLE = "whole frame"
PER_FACE = "per face found"
DETECT_SMALLER = "detect, faces from 20 px"

MIN_FACE_PX = 40
"""Our default. dlib's HOG finds faces from 80 px, and from 40 px with one upsampling, face_recognition's default."""
SMALLER_MIN_FACE_PX = 20
"""The mtcnn package's default. From 24 px at 640x480 its pyramid goes below its net's 12 pixels: it fails or finds
nothing; so it is compared with us at its own setting."""
ROSTER = 300
