"""Find, landmark, track and align a face."""

from fleeting.face.align import crop_transform, upper_lid_height
from fleeting.face.networks import (
    Detection,
    Roi,
    detect,
    detect_small,
    find_faces,
    follow,
    landmark,
    model_uses,
    roi_from_landmarks,
)
from fleeting.face.track import FacesWanted, FaceTracker

__all__ = [
    "Detection",
    "FaceTracker",
    "FacesWanted",
    "Roi",
    "crop_transform",
    "detect",
    "detect_small",
    "find_faces",
    "follow",
    "landmark",
    "model_uses",
    "roi_from_landmarks",
    "upper_lid_height",
]
