"""Pictures of drawn people for docs/synthesis.md; called by ``identities.py --pictures DIR``."""

from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from fleeting.facs import action_unit
from fleeting.synth import Event, HeadMotion, Identity, Life, Plant, PlantedClip, plant, usable_identity

UNITS = (1, 2, 4, 5, 6, 7, 9, 10, 12, 14, 15, 16, 17, 18, 20, 23, 24, 25, 26, 28, 43)
STRENGTH = {7: 6, 14: 7, 23: 6, 24: 6, 28: 6, 43: 10}  # percent of the eye distance, 9 for the others
SITTER = (0, 18)  # seed and number of the person who shows the units
INK, PAPER, FADED = (30, 30, 34), (252, 252, 250), (120, 120, 124)


def font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)


def contact_sheet(out: Path, columns: int = 6, rows: int = 4, tile: int = 200) -> None:
    """Draw the first usable people of seed 0, as they come."""
    faces = [usable_identity(0, k, size=tile).picture for k in range(columns * rows)]
    sheet = np.vstack([np.hstack(faces[i : i + columns]) for i in range(0, len(faces), columns)])
    Image.fromarray(sheet).save(out, quality=86, optimize=True)


def face_box(person: Identity) -> tuple[slice, slice]:
    """Rows and columns of the face, a little wider than the mesh."""
    low, high = person.landmarks.min(0), person.landmarks.max(0)
    side = 1.12 * float((high - low).max())
    left, top = ((low + high) / 2 - side / 2).round().astype(int)
    return slice(top, top + round(side)), slice(left, left + round(side))


def arrows(picture: np.ndarray, flow: np.ndarray, step: int = 22, grow: float = 2.6) -> np.ndarray:
    """Flow as arrows, ``grow`` times as long as the motion, on a paled grey picture."""
    grey = cv2.cvtColor(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    shown = (0.45 * grey + 0.55 * 245).astype(np.uint8)
    size = np.hypot(*np.moveaxis(flow, -1, 0))
    for y in range(step // 2, flow.shape[0], step):
        for x in range(step // 2, flow.shape[1], step):
            if size[y, x] < 0.08 * size.max():
                continue
            tip = np.array([x, y]) + grow * flow[y, x]
            start, end = ((int(16 * x), int(16 * y)), tuple((16 * tip).astype(int).tolist()))
            far = float(np.hypot(*(grow * flow[y, x])))
            colour = cv2.cvtColor(
                np.uint8([[[(np.degrees(np.arctan2(*flow[y, x][::-1])) / 2) % 180, 230, 190]]]),
                cv2.COLOR_HSV2RGB,
            )[0, 0]
            cv2.arrowedLine(
                shown,
                start,
                end,
                colour.tolist(),
                2,
                cv2.LINE_AA,
                shift=4,
                tipLength=float(min(0.5, 5 / max(far, 1))),
            )
    return shown


def unit_panel(person: Identity, au: int, tile: int) -> Image.Image:
    """One unit: the face at the apex, the flow from rest to apex, and what FACS calls it."""
    percent, box = STRENGTH.get(au, 9), face_box(person)
    clip = plant(
        person, [Plant((au,), strength_percent=percent, at_s=0.0, duration_s=0.4)], fps=10, duration_s=0.4
    )
    apex = list(clip.frames())[2][box]
    drawn = arrows(person.picture[box], clip.flow(0.0, 0.2)[box])
    panel = Image.new("RGB", (2 * tile + 12, tile + 46), PAPER)
    for k, part in enumerate((apex, drawn)):
        panel.paste(
            Image.fromarray(cv2.resize(part, (tile, tile), interpolation=cv2.INTER_AREA)), (k * (tile + 2), 0)
        )
    pen, unit = ImageDraw.Draw(panel), action_unit(au)
    pen.text((4, tile + 3), f"AU {au}  {unit.name}, {percent} %", fill=INK, font=font(16))
    pen.text((4, tile + 24), unit.muscle, fill=FADED, font=font(12))
    return panel


def unit_sheet(out: Path, columns: int = 3, tile: int = 200) -> None:
    """Draw every unit on one person."""
    person = usable_identity(*SITTER, size=640)
    panels = [unit_panel(person, au, tile) for au in UNITS]
    wide, high = panels[0].size
    rows = -(-len(panels) // columns)
    sheet = Image.new("RGB", (columns * wide, rows * high), PAPER)
    for k, panel in enumerate(panels):
        sheet.paste(panel, (k % columns * wide, k // columns * high))
    sheet.save(out, quality=84, optimize=True)


def timeline_clip(person: Identity) -> PlantedClip:
    plants = [
        Plant((1, 2), strength_percent=5, at_s=0.5, duration_s=0.4),
        Plant((12,), "left", 4, at_s=1.7, duration_s=0.3),
        Plant((4,), strength_percent=5, at_s=3.1, duration_s=0.45, apex=0.35),
        Plant((6, 12), strength_percent=9, at_s=4.1, duration_s=1.6, easing="hold"),
    ]
    life = Life(blinks_s=(1.25, 3.75), gaze_s=(2.2,), head=HeadMotion(sway_percent=1.5, yaw_deg=1))
    return plant(person, plants, fps=50, duration_s=6.0, life=life, seed=4)


def named(event: Event) -> str:
    """Name of the row that an event stands in."""
    if event.what != "plant":
        return {"gaze": "gaze shift"}.get(event.what, event.what)
    side = "" if event.key.side == "both" else f" {event.key.side}"
    return f"AU {'+'.join(str(au) for au in event.key.aus)}{side}"


def timeline(out: Path, wide: int = 1180, tile: int = 190) -> None:
    """Draw the truth of one planted clip: every motion over time, and the frames at its apices."""
    person = usable_identity(*SITTER, size=512)
    clip = timeline_clip(person)
    left, row, top = 110, 38, tile + 44
    rows = list(dict.fromkeys(named(event) for event in clip.events))
    sheet = Image.new("RGB", (wide, top + row * len(rows) + 56), PAPER)
    pen = ImageDraw.Draw(sheet)
    end = float(clip.times[-1] + 1 / clip.fps)

    def at(time_s: float) -> float:
        return left + (wide - left - 20) * time_s / end

    frames, box = list(clip.frames()), face_box(person)
    shown = [0, *(one.interval.apex_frame for one in clip.truth)]
    for k, index in enumerate(shown):
        x = left + round(k * (wide - left - 20 - tile) / (len(shown) - 1))
        part = cv2.resize(frames[index][box], (tile, tile), interpolation=cv2.INTER_AREA)
        sheet.paste(Image.fromarray(part), (x, 4))
        name = "at rest" if k == 0 else f"AU {'+'.join(str(au) for au in clip.truth[k - 1].plant.aus)}"
        pen.text((x + 2, tile + 7), f"{name}, frame {index}", fill=INK, font=font(13))
        foot = at(float(clip.times[index]))
        pen.line([(x + tile / 2, tile + 26), (foot, top)], fill=(190, 190, 190))
        pen.line([(foot, top), (foot, top + row * len(rows))], fill=(225, 225, 225))
    for k, name in enumerate(rows):
        base = top + row * (k + 1) - 5
        pen.text((8, base - 20), name, fill=INK, font=font(15))
        pen.line([(left, base), (wide - 20, base)], fill=(215, 215, 215))
        for event in clip.events:
            if named(event) == name:
                times = np.linspace(event.at_s, event.at_s + event.duration_s, 80)
                line = [(at(t), base - (row - 9) * e) for t, e in zip(times, event.ease(times), strict=True)]
                colour = (64, 110, 180) if event.what == "plant" else (170, 170, 174)
                pen.polygon(line, fill=(*colour, 255))
    for one in clip.truth:
        span = one.interval
        base = (
            top + row * (rows.index(f"AU {'+'.join(map(str, one.plant.aus))}" + side_of(one.plant)) + 1) - 5
        )
        for frame in (span.onset_frame, span.apex_frame, span.offset_frame):
            x = at(float(clip.times[frame]))
            pen.line([(x, base - row + 8), (x, base + 4)], fill=(200, 60, 40), width=2)
    foot = top + row * len(rows)
    for second in range(int(end) + 1):
        pen.line([(at(second), foot), (at(second), foot + 6)], fill=INK)
        pen.text((at(second) - 8, foot + 8), f"{second} s", fill=INK, font=font(13))
    said = "blue: planted, with onset, apex and offset in red; grey: distractors; the head sways all the time"
    pen.text((left, foot + 30), said, fill=FADED, font=font(13))
    sheet.quantize(200, dither=Image.Dither.NONE).save(out, optimize=True)


def side_of(one: Plant) -> str:
    return "" if one.side == "both" else f" {one.side}"


def pictures(folder: Path) -> None:
    """Draw all."""
    for name, draw in (
        ("identities.jpg", contact_sheet),
        ("action_units.jpg", unit_sheet),
        ("planted_timeline.png", timeline),
    ):
        draw(folder / name)
        print(name, (folder / name).stat().st_size, "bytes")
