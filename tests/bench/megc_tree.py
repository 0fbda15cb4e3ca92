"""An invented tree in the public layout of the MEGC 2019 flow maps: its counts, none of its pictures."""

import numpy as np

# Dataset: people, and clips of the classes negative, positive, surprise.
SETS = {"casme2": (24, (88, 32, 25)), "smic": (16, (70, 51, 43)), "samm": (28, (92, 26, 15))}
PERSON = {"casme2": "sub{:02d}", "smic": "s{:02d}", "samm": "{:03d}"}
CLIP = {"casme2": "{0}_EP{2:02d}_01f ", "smic": "{0}_{0}_{1}_{2:02d} ", "samm": "{0}_{0}_{2}_1 "}
WORDS = ("ne", "po", "sur")


def write_tree(root, *, share=1.0):
    """68 people, 442 clips (or a share of them); a level of u for each class under noise."""
    import cv2

    rng = np.random.default_rng(5)
    for name, (people, counts) in SETS.items():
        labels = np.repeat(np.arange(3), [max(1, round(one * share)) for one in counts])
        owners = rng.permutation(np.arange(len(labels)) % people)
        for at, (label, owner) in enumerate(zip(labels, owners, strict=True)):
            person = PERSON[name].format(owner + 1)
            folder = root / "three_norm_u_v_os" / person / "u_test" / str(label)
            folder.mkdir(parents=True, exist_ok=True)
            rgb = np.clip(rng.normal(128, 30, (28, 28, 3)) + 12 * (label - 1), 0, 255).astype(np.uint8)
            file = CLIP[name].format(person, WORDS[label], at + 1) + ".png"
            (folder / file).write_bytes(cv2.imencode(".png", rgb[..., ::-1])[1].tobytes())
    return root
