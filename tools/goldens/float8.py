"""Every code of torch's two 8-bit floating-point types as the bits of its float32 (goldens/values/float8.json), and archives.

python tools/goldens/float8.py  (torch 2)
"""

import json
from pathlib import Path

import torch

codes = torch.arange(256, dtype=torch.uint8)
golden = {
    name: [bits & 0xFFFFFFFF for bits in codes.view(dtype).to(torch.float32).view(torch.int32).tolist()]
    for name, dtype in (("F8_E4M3", torch.float8_e4m3fn), ("F8_E5M2", torch.float8_e5m2))
}
path = Path(__file__).parents[2] / "goldens" / "values" / "float8.json"
path.write_text(json.dumps(golden) + "\n")

# The same types in torch's own archives, and a type that no network has.
checkpoints = Path(__file__).parents[2] / "goldens" / "checkpoints"
e4m3 = torch.tensor([0.0, 1.0, -2.0, 0.15625]).to(torch.float8_e4m3fn)
e5m2 = torch.tensor([[0.0, 1.0], [-2.0, 0.15625]]).to(torch.float8_e5m2)
torch.save({"x": e4m3, "y": e5m2}, checkpoints / "float8.bin")
torch.save({"z": torch.zeros(3, dtype=torch.complex64)}, checkpoints / "complex64.bin")
