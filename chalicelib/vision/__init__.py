"""Pixels to sightings; knows no AWS.

OpenCV reads these settings once, when it is first imported or first opens a video, so they stand here, before
any module of the package can import it. Set, not defaulted: the first two are limits, not preferences.
"""

import os

from chalicelib.domain.media import MAX_PIXELS

# A second belt behind chalicelib.domain.media.check_picture: no decoder allocates more.
os.environ["OPENCV_IO_MAX_IMAGE_PIXELS"] = str(MAX_PIXELS)
# Only containers, no playlists: a "video" of text in FFmpeg's concat format would open other local files.
os.environ["OPENCV_FFMPEG_CAPTURE_OPTIONS"] = "format_whitelist;mov,avi,matroska|protocol_whitelist;file"
# A damaged upload is an answer (UnreadableVideo), not lines on stderr: FFmpeg quiet, OpenCV's errors only.
os.environ["OPENCV_FFMPEG_LOGLEVEL"] = "-8"
os.environ["OPENCV_LOG_LEVEL"] = "ERROR"
