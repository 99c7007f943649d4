"""FaceBN in torch: measure a state on a dark place's faces, use it for a while, keep it in a copy."""

import torch

from fewpix.adapt.apply import adapted, fold
from fewpix.adapt.estimate import estimate
from fewpix.data.orl import load_orl
from fewpix.degrade import family, per_item_rng
from fewpix.models.shipped import shipped
from fewpix.models.zoo import load_student

photos = load_orl().images[:100]
dark = [family("dark", 16).apply(photo[12:104], per_item_rng(0, n)) for n, photo in enumerate(photos)]

model, card = load_student(shipped("fewpix-s.safetensors"))
faces = torch.from_numpy(card.preprocess.apply(dark))
state = estimate(model, faces, model_sha256=card.sha256, source="a dark place", mode="prior", prior_faces=256)
print(state)

with torch.inference_mode():
    before = model(faces)
    with adapted(model, state):
        inside = model(faces)
    after = model(faces)
    kept = fold(model, state)(faces)
assert torch.equal(before, after), "the model is bit for bit what it was"
assert torch.equal(inside, kept), "a folded copy gives what the block gave"
angles = torch.cosine_similarity(before, inside).clamp(-1, 1).acos().rad2deg()
print(f"the embeddings moved by {float(angles.mean()):.0f} degrees")
