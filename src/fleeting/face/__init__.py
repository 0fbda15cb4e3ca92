"""Find, landmark, track and align a face."""

from fleeting.face.networks import (
    Detection,
    Roi,
    detect,
    detect_small,
    find_faces,
    landmark,
    model_uses,
    roi_from_landmarks,
)

__all__ = [
    "Detection",
    "Roi",
    "detect",
    "detect_small",
    "find_faces",
    "landmark",
    "model_uses",
    "roi_from_landmarks",
]
