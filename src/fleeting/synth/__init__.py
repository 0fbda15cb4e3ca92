"""Faces with known motion: micro-expressions planted in a photograph or a video, with exact truth.

Motion is an analytic function of position and time; frames are read through its inverse, flow through itself.
Read on in ``timing`` (what onset, apex and offset mean), ``clip`` (the mapping), ``head``, ``camera`` and
``life``.
"""

from fleeting.synth._clip_people import Filming
from fleeting.synth._flowmap_files import FlowMapPaths, read_flowmaps, write_flowmaps
from fleeting.synth.camera import CameraSettings
from fleeting.synth.clip import PlantedClip, plant
from fleeting.synth.clips import (
    ClipSettings,
    SynthClip,
    SynthClips,
    clips,
    read_clips,
    subject_clips,
    write_clips,
)
from fleeting.synth.flowcourse import Course, FlowCourses, flow_courses
from fleeting.synth.flowmap import FlowMaps, FlowMapSettings, flowmaps
from fleeting.synth.flowpairs import (
    FlowPair,
    FlowPairs,
    FlowPairSettings,
    read_flow_pairs,
    subject_pairs,
    write_flow_pairs,
)
from fleeting.synth.fourd import FourD, FourDClip, FourDSettings, read_4d, write_4d
from fleeting.synth.head import HeadMotion, Turn
from fleeting.synth.identity import Identity, identity, usable_identities, usable_identity
from fleeting.synth.life import Event, Life, Talk
from fleeting.synth.recordings import (
    RecordingSettings,
    StoredRecording,
    SynthRecording,
    SynthRecordings,
    read_recordings,
    subject_recordings,
    write_recordings,
)
from fleeting.synth.timing import Plant, PlantedInterval, ease
from fleeting.synth.write import PlantedPaths, write_planted

__all__ = [
    "CameraSettings",
    "ClipSettings",
    "Course",
    "Event",
    "Filming",
    "FlowCourses",
    "FlowMapPaths",
    "FlowMapSettings",
    "FlowMaps",
    "FlowPair",
    "FlowPairSettings",
    "FlowPairs",
    "FourD",
    "FourDClip",
    "FourDSettings",
    "HeadMotion",
    "Identity",
    "Life",
    "Plant",
    "PlantedClip",
    "PlantedInterval",
    "PlantedPaths",
    "RecordingSettings",
    "StoredRecording",
    "SynthClip",
    "SynthClips",
    "SynthRecording",
    "SynthRecordings",
    "Talk",
    "Turn",
    "clips",
    "ease",
    "flow_courses",
    "flowmaps",
    "identity",
    "plant",
    "read_4d",
    "read_clips",
    "read_flow_pairs",
    "read_flowmaps",
    "read_recordings",
    "subject_clips",
    "subject_pairs",
    "subject_recordings",
    "usable_identities",
    "usable_identity",
    "write_4d",
    "write_clips",
    "write_flow_pairs",
    "write_flowmaps",
    "write_planted",
    "write_recordings",
]
