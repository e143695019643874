"""Timesteps and steps of diffusers' schedulers.

    python tools/goldens/schedulers.py        # writes goldens/values/schedulers.json

A run starts from seeded noise times init_noise_sigma. The model is a formula that the test repeats: with `x` the
scaled sample and `i` its position, 0.4 * x + (0.1 + t / 4000) * (((i * 7) % 16) / 8 - 1), in double, then float32.
The sample is recorded after the first, the middle and the last step; `noised` is `add_noise` of `(i % 5) / 4 - 0.5`
at the middle of the schedule.
"""

import json
from pathlib import Path

import diffusers
import numpy as np
import torch
from diffusers import (
    DDIMScheduler,
    DPMSolverMultistepScheduler,
    EulerAncestralDiscreteScheduler,
    EulerDiscreteScheduler,
    PNDMScheduler,
)

ROOT = Path(__file__).resolve().parents[2] / "goldens"
SIZE = 16
POSITIONS = np.arange(SIZE, dtype=np.float64)
CLASSES = {
    "DDIM": DDIMScheduler,
    "PNDM": PNDMScheduler,
    "Euler": EulerDiscreteScheduler,
    "Euler a": EulerAncestralDiscreteScheduler,
    "DPM++ 2M": DPMSolverMultistepScheduler,
}
BETAS = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear"}
# What repositories hold: only the keys that their files have.
FILES = {
    "sd15": {"_class_name": "PNDMScheduler", **BETAS, "num_train_timesteps": 1000, "set_alpha_to_one": False,
             "skip_prk_steps": True, "steps_offset": 1, "trained_betas": None, "clip_sample": False},
    "sdxl": {"_class_name": "EulerDiscreteScheduler", **BETAS, "clip_sample": False, "interpolation_type": "linear",
             "num_train_timesteps": 1000, "prediction_type": "epsilon", "sample_max_value": 1.0,
             "set_alpha_to_one": False, "skip_prk_steps": True, "steps_offset": 1, "timestep_spacing": "leading",
             "trained_betas": None, "use_karras_sigmas": False},
    "turbo": {"_class_name": "EulerDiscreteScheduler", **BETAS, "num_train_timesteps": 1000,
              "prediction_type": "epsilon", "steps_offset": 1, "timestep_spacing": "trailing"},
    "sd2": {"_class_name": "DDIMScheduler", **BETAS, "clip_sample": False, "prediction_type": "v_prediction",
            "set_alpha_to_one": False, "steps_offset": 1, "num_train_timesteps": 1000},
    "deis": {"_class_name": "DEISMultistepScheduler", **BETAS, "algorithm_type": "deis", "solver_type": "logrho",
             "lower_order_final": True, "solver_order": 2, "steps_offset": 1, "prediction_type": "epsilon"},
}  # fmt: skip


def model(sample, timestep):
    wave = ((POSITIONS * 7) % 16) / 8 - 1
    return torch.from_numpy((0.4 * sample.double().numpy() + (0.1 + float(timestep) / 4000) * wave).astype(np.float32))


def rounded(values):
    return [float(f"{value:.8g}") for value in values.tolist()]


def run(scheduler, steps):
    generator = torch.Generator("cpu").manual_seed(3)
    scheduler.set_timesteps(steps)
    timesteps = scheduler.timesteps
    sample = torch.randn(SIZE, generator=generator) * scheduler.init_noise_sigma
    middle = len(timesteps) // 2
    record = {"timesteps": rounded(timesteps), "initNoiseSigma": float(scheduler.init_noise_sigma)}
    original = torch.from_numpy(((POSITIONS % 5) / 4 - 0.5).astype(np.float32))
    noise = torch.randn(SIZE, generator=torch.Generator("cpu").manual_seed(4))
    if hasattr(scheduler, "set_begin_index"):
        scheduler.set_begin_index(middle)
    record["noised"] = rounded(scheduler.add_noise(original, noise, timesteps[middle : middle + 1]))
    if hasattr(scheduler, "set_begin_index"):
        scheduler.set_begin_index(0)
    draws = {"generator": generator} if isinstance(scheduler, EulerAncestralDiscreteScheduler) else {}
    samples = {}
    for index, timestep in enumerate(timesteps):
        prediction = model(scheduler.scale_model_input(sample, timestep), timestep)
        sample = scheduler.step(prediction, timestep, sample, **draws).prev_sample
        if index in (0, middle, len(timesteps) - 1):
            samples[index] = rounded(sample)
    record["samples"] = samples
    return record


def direct():
    """(class, constructor arguments, steps) for the classes with settings spelled out."""
    for spacing in ["leading", "linspace", "trailing"]:
        for prediction in ["epsilon", "v_prediction"]:
            for name in CLASSES:
                for steps in [1, 5, 20, 30, 50]:
                    config = {**BETAS, "timestep_spacing": spacing, "prediction_type": prediction, "steps_offset": 1}
                    if name == "PNDM":
                        config["skip_prk_steps"] = True
                    if name == "DDIM":
                        config["clip_sample"] = False
                        config["set_alpha_to_one"] = steps % 20 == 0
                    yield name, config, steps
    for steps in [7, 13, 49, 150]:
        for name in CLASSES:
            spacing = {"timestep_spacing": "trailing" if steps == 49 else "leading"}
            extra = {"skip_prk_steps": True} if name == "PNDM" else {}
            yield name, {**BETAS, **spacing, **extra}, steps
    for steps in [5, 20]:
        yield "DDIM", {**BETAS, "clip_sample": True, "clip_sample_range": 0.8}, steps
        yield "DDIM", {**BETAS, "clip_sample": False, "prediction_type": "sample"}, steps
        yield "DDIM", {"beta_schedule": "squaredcos_cap_v2", "clip_sample": False}, steps
        yield "DDIM", {"beta_schedule": "linear", "clip_sample": False}, steps
        yield "PNDM", {**BETAS, "skip_prk_steps": False, "steps_offset": 1, "set_alpha_to_one": True}, steps
        yield "PNDM", {**BETAS, "skip_prk_steps": False, "timestep_spacing": "trailing",
                       "prediction_type": "v_prediction"}, steps  # fmt: skip
        yield "Euler", {**BETAS, "use_karras_sigmas": True, "timestep_spacing": "leading", "steps_offset": 1}, steps
        yield "Euler", {**BETAS, "use_karras_sigmas": True, "sigma_min": 0.1, "sigma_max": 10.0}, steps
        yield "Euler", {**BETAS, "interpolation_type": "log_linear"}, steps
        yield "Euler", {**BETAS, "final_sigmas_type": "sigma_min"}, steps
        yield "Euler", {**BETAS, "prediction_type": "sample"}, steps
        yield "DPM++ 2M", {**BETAS, "use_karras_sigmas": True}, steps
        yield "DPM++ 2M", {**BETAS, "use_karras_sigmas": True, "prediction_type": "v_prediction"}, steps
        yield "DPM++ 2M", {**BETAS, "beta_schedule": "squaredcos_cap_v2", "use_karras_sigmas": True}, steps
        yield "DPM++ 2M", {**BETAS, "final_sigmas_type": "sigma_min"}, steps
        yield "DPM++ 2M", {**BETAS, "final_sigmas_type": "sigma_min", "lower_order_final": False}, steps
        yield "DPM++ 2M", {**BETAS, "final_sigmas_type": "sigma_min", "euler_at_final": True}, steps
        yield "DPM++ 2M", {**BETAS, "solver_type": "heun"}, steps
        yield "DPM++ 2M", {**BETAS, "solver_order": 1}, steps
        yield "DPM++ 2M", {**BETAS, "prediction_type": "sample"}, steps
        zero_snr = {"rescale_betas_zero_snr": True, "prediction_type": "v_prediction", "timestep_spacing": "trailing"}
        for name in ["DDIM", "Euler", "Euler a", "DPM++ 2M"]:
            extra = {"clip_sample": False} if name == "DDIM" else {}
            yield name, {**BETAS, **zero_snr, **extra}, steps


def converted():
    """(file, name of the chosen scheduler, steps), by way of from_config."""
    for file in FILES:
        for name in [*CLASSES, "DPM++ 2M Karras"]:
            # diffusers cannot make a DPM++ out of a DEIS file that leaves final_sigmas_type out.
            if file != "deis" or not name.startswith("DPM"):
                yield file, name, 10


def build(file, name):
    """X.from_config(pipe.scheduler.config), the pipeline's corrections having no effect on these files."""
    original = FILES[file]
    config = getattr(diffusers, original["_class_name"]).from_config(original).config
    karras = {"use_karras_sigmas": name.endswith("Karras")} if name.startswith("DPM") else {}
    return CLASSES[name.removesuffix(" Karras")].from_config(config, **karras)


def main():
    cases = [
        {"scheduler": name, "config": config, "steps": steps, **run(CLASSES[name](**config), steps)}
        for name, config, steps in direct()
    ]
    chosen = [
        {"file": file, "scheduler": name, "steps": steps, **run(build(file, name), steps)}
        for file, name, steps in converted()
    ]

    def lines(records):
        return ",\n  ".join(json.dumps(record, separators=(",", ":")) for record in records)

    files = json.dumps(FILES, separators=(",", ":"))
    text = f'{{"diffusers": "{diffusers.__version__}",\n "files": {files},\n'
    text += f' "cases": [\n  {lines(cases)}],\n "converted": [\n  {lines(chosen)}]}}\n'
    (ROOT / "values" / "schedulers.json").write_text(text)


if __name__ == "__main__":
    main()
