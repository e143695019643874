"""Timesteps and steps of diffusers' schedulers.

    python tools/goldens/schedulers.py        # writes goldens/values/schedulers.json
    python tools/goldens/schedulers.py new    # computes missing cases and leaves the others unchanged

A run starts from seeded noise times init_noise_sigma. The model is a formula that the test repeats: with `x` the
scaled sample and `i` its position, 0.4 * x + (0.1 + t / 4000) * (((i * 7) % 16) / 8 - 1), in double, then float32.
The sample is recorded after the first, the middle and the last step; `noised` is `add_noise` of `(i % 5) / 4 - 0.5`
at the middle of the schedule. `motion` is noise from torchsde's Brownian tree, sampled as DPM++ SDE does.
"""

import inspect
import json
import sys
from pathlib import Path

import diffusers
import numpy as np
import torch
import torchsde
from diffusers import (
    DDIMScheduler,
    DDPMScheduler,
    DEISMultistepScheduler,
    DPMSolverMultistepScheduler,
    DPMSolverSDEScheduler,
    DPMSolverSinglestepScheduler,
    EulerAncestralDiscreteScheduler,
    EulerDiscreteScheduler,
    HeunDiscreteScheduler,
    KDPM2AncestralDiscreteScheduler,
    KDPM2DiscreteScheduler,
    LCMScheduler,
    LMSDiscreteScheduler,
    PNDMScheduler,
    TCDScheduler,
    UniPCMultistepScheduler,
)

ROOT = Path(__file__).resolve().parents[2] / "goldens"
SIZE = 16
SHAPE = (1, SIZE, 1)  # UniPC needs a batch, thresholding needs channels and more
POSITIONS = np.arange(SIZE, dtype=np.float64)
CLASSES = {
    "DDIM": DDIMScheduler,
    "PNDM": PNDMScheduler,
    "Euler": EulerDiscreteScheduler,
    "Euler a": EulerAncestralDiscreteScheduler,
    "DPM++ 2M": DPMSolverMultistepScheduler,
}
LATER_CLASSES = {
    "Heun": HeunDiscreteScheduler,
    "LMS": LMSDiscreteScheduler,
    "DPM++ 2M SDE": DPMSolverMultistepScheduler,
    "DPM++ SDE": DPMSolverSDEScheduler,
    "UniPC": UniPCMultistepScheduler,
    "DEIS": DEISMultistepScheduler,
    "LCM": LCMScheduler,
    "TCD": TCDScheduler,
}
LATEST_CLASSES = {
    "DDPM": DDPMScheduler,
    "DPM2": KDPM2DiscreteScheduler,
    "DPM2 a": KDPM2AncestralDiscreteScheduler,
    "DPM++ 2S": DPMSolverSinglestepScheduler,
}
ALL_CLASSES = {**CLASSES, **LATER_CLASSES, **LATEST_CLASSES}
# The settings that a name implies, and a seed if diffusers would take one from the global generator.
SAID = {"DPM++ 2M SDE": {"algorithm_type": "sde-dpmsolver++"}, "DPM++ SDE": {"noise_sampler_seed": 5}}
BETAS = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear"}
# Files of published repositories, with only the keys that they have.
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
    "unipc": {"_class_name": "UniPCMultistepScheduler", **BETAS, "solver_type": "bh2", "solver_order": 3,
              "predict_x0": True, "disable_corrector": [], "solver_p": None, "thresholding": False,
              "final_sigmas_type": "zero", "timestep_spacing": "trailing", "steps_offset": 1},
    "lcm": {"_class_name": "LCMScheduler", **BETAS, "original_inference_steps": 50, "timestep_scaling": 10.0,
            "clip_sample": False, "set_alpha_to_one": True, "steps_offset": 1, "timestep_spacing": "leading"},
    "shaped": {"_class_name": "EulerDiscreteScheduler", **BETAS, "use_karras_sigmas": True, "sigma_min": 0.05,
               "sigma_max": 12.0, "interpolation_type": "log_linear", "steps_offset": 1},
    "zero-snr": {"_class_name": "DDIMScheduler", **BETAS, "rescale_betas_zero_snr": True, "clip_sample": True,
                 "prediction_type": "v_prediction", "timestep_spacing": "trailing", "steps_offset": 1},
}  # fmt: skip


def model(sample, timestep):
    wave = (((POSITIONS * 7) % 16) / 8 - 1).reshape(SHAPE)
    return torch.from_numpy((0.4 * sample.double().numpy() + (0.1 + float(timestep) / 4000) * wave).astype(np.float32))


def rounded(values):
    return [float(f"{value:.8g}") for value in values.flatten().tolist()]


def run(scheduler, steps):
    generator = torch.Generator("cpu").manual_seed(3)
    scheduler.set_timesteps(steps)
    timesteps = scheduler.timesteps
    sample = torch.randn(SHAPE, generator=generator) * scheduler.init_noise_sigma
    middle = len(timesteps) // 2
    record = {"timesteps": rounded(timesteps), "initNoiseSigma": float(scheduler.init_noise_sigma)}
    original = torch.from_numpy(((POSITIONS % 5) / 4 - 0.5).astype(np.float32)).reshape(SHAPE)
    noise = torch.randn(SHAPE, generator=torch.Generator("cpu").manual_seed(4))
    if hasattr(scheduler, "set_begin_index"):
        scheduler.set_begin_index(middle)
    record["noised"] = rounded(scheduler.add_noise(original, noise, timesteps[middle : middle + 1]))
    if hasattr(scheduler, "set_begin_index"):
        scheduler.set_begin_index(0)
    draws = {"generator": generator} if "generator" in inspect.signature(scheduler.step).parameters else {}
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


def later():
    """Like `direct`, for classes added later."""
    for spacing in ["leading", "linspace", "trailing"]:
        for prediction in ["epsilon", "v_prediction"]:
            for name in LATER_CLASSES:
                for steps in [4, 20]:
                    config = {**BETAS, "timestep_spacing": spacing, "prediction_type": prediction, "steps_offset": 1}
                    yield name, config, steps
    for name in LATER_CLASSES:
        yield name, {**BETAS}, 1
        yield name, {**BETAS}, 50
        yield name, {}, 7
    for steps in [6, 20]:
        for name in ["Euler", "Heun", "LMS", "DPM++ 2M", "DPM++ 2M SDE", "DPM++ SDE", "UniPC", "DEIS"]:
            yield name, {**BETAS, "use_exponential_sigmas": True}, steps
        for name in ["Heun", "LMS", "DPM++ 2M SDE", "DPM++ SDE", "UniPC", "DEIS"]:
            yield name, {**BETAS, "use_karras_sigmas": True, "prediction_type": "v_prediction"}, steps
        for name in ["Heun", "LMS", "UniPC", "DEIS", "LCM", "TCD"]:
            yield name, {**BETAS, "prediction_type": "sample"}, steps
        for name in ["UniPC", "LCM", "TCD", "DPM++ 2M SDE"]:
            zero_snr = {"rescale_betas_zero_snr": True, "timestep_spacing": "trailing"}
            yield name, {**BETAS, **zero_snr, "prediction_type": "v_prediction"}, steps
        yield "Heun", {**BETAS, "clip_sample": True, "clip_sample_range": 0.8}, steps
        yield "LCM", {**BETAS, "clip_sample": True, "clip_sample_range": 0.8}, steps
        yield "LCM", {**BETAS, "original_inference_steps": 100, "timestep_scaling": 0.01}, steps
        yield "TCD", {**BETAS, "original_inference_steps": 33}, steps
        yield "DEIS", {**BETAS, "beta_schedule": "squaredcos_cap_v2", "use_karras_sigmas": True}, steps
        yield "UniPC", {**BETAS, "beta_schedule": "squaredcos_cap_v2", "use_karras_sigmas": True}, steps
        for order in [1, 3]:
            yield "DEIS", {**BETAS, "solver_order": order}, steps
            yield "UniPC", {**BETAS, "solver_order": order}, steps
        yield "DEIS", {**BETAS, "solver_order": 3, "lower_order_final": False}, steps
        yield "DPM++ 2M SDE", {**BETAS, "solver_order": 1}, steps
        yield "DPM++ 2M SDE", {**BETAS, "solver_type": "heun"}, steps
        yield "DPM++ 2M SDE", {**BETAS, "final_sigmas_type": "sigma_min", "euler_at_final": True}, steps
        end = {"final_sigmas_type": "sigma_min"}
        yield "UniPC", {**BETAS, **end, "solver_type": "bh1", "solver_order": 3}, steps
        yield "UniPC", {**BETAS, **end, "lower_order_final": False}, steps
        yield "UniPC", {**BETAS, **end, "use_karras_sigmas": True}, steps
        yield "UniPC", {**BETAS, **end, "predict_x0": False, "solver_order": 3}, steps
        yield "UniPC", {**BETAS, **end, "predict_x0": False, "prediction_type": "v_prediction"}, steps
        yield "UniPC", {**BETAS, "disable_corrector": [0, 2]}, steps


def latest():
    """Like `direct`, for the classes added last, and for the settings added with them."""
    for name in LATEST_CLASSES:
        spacings = ["linspace"] if name == "DPM++ 2S" else ["leading", "linspace", "trailing"]
        for spacing in spacings:
            for prediction in ["epsilon", "v_prediction"]:
                for steps in [4, 20]:
                    own = {} if name == "DPM++ 2S" else {"timestep_spacing": spacing, "steps_offset": 1}
                    clip = {"clip_sample": False} if name == "DDPM" else {}
                    yield name, {**BETAS, "prediction_type": prediction, **own, **clip}, steps
        yield name, {**BETAS}, 1
        yield name, {**BETAS}, 50
        yield name, {}, 7
    threshold = {"thresholding": True, "sample_max_value": 1.3, "dynamic_thresholding_ratio": 0.9}
    sigma_min = {"final_sigmas_type": "sigma_min"}
    for steps in [5, 6, 20]:
        for variance in ["fixed_small_log", "fixed_large"]:
            yield "DDPM", {**BETAS, "clip_sample": False, "variance_type": variance}, steps
        yield "DDPM", {**BETAS, "clip_sample": True, "clip_sample_range": 0.8}, steps
        yield "DDPM", {**BETAS, "clip_sample": False, "prediction_type": "sample"}, steps
        yield "DDPM", {"beta_schedule": "sigmoid", "clip_sample": False}, steps
        yield "DDPM", {**BETAS, "clip_sample": False, "rescale_betas_zero_snr": True, "timestep_spacing": "trailing",
                       "prediction_type": "v_prediction"}, steps  # fmt: skip
        yield "Heun", {"beta_schedule": "exp"}, steps
        yield "Euler", {**BETAS, "timestep_type": "continuous", "prediction_type": "v_prediction",
                        "use_karras_sigmas": True}, steps  # fmt: skip
        yield "Euler", {**BETAS, "timestep_type": "continuous"}, steps
        for name in ["DDIM", "DDPM", "DPM++ 2M", "DPM++ 2S", "DEIS", "UniPC", "LCM"]:
            yield name, {**BETAS, **threshold}, steps
        yield "DPM++ 2M", {**BETAS, "thresholding": True}, steps
        for name in ["DPM2", "DPM2 a", "DPM++ 2S"]:
            yield name, {**BETAS, "use_karras_sigmas": True}, steps
            yield name, {**BETAS, "use_exponential_sigmas": True, "prediction_type": "v_prediction"}, steps
        for order in [1, 2, 3]:
            for solver in ["midpoint", "heun"]:
                kind = {"solver_order": order, "solver_type": solver}
                for algorithm in ["dpmsolver++", "sde-dpmsolver++", "dpmsolver"]:
                    end = {"final_sigmas_type": "sigma_min" if algorithm == "dpmsolver" else "zero"}
                    yield "DPM++ 2S", {**BETAS, **kind, **end, "algorithm_type": algorithm}, steps
                    yield "DPM++ 2M", {**BETAS, **kind, **end, "algorithm_type": algorithm}, steps
                if order < 3:
                    yield "DPM++ 2M", {**BETAS, **kind, **sigma_min, "algorithm_type": "sde-dpmsolver"}, steps
            yield "DPM++ 2S", {**BETAS, **sigma_min, "solver_order": order}, steps
            yield "DPM++ 2S", {**BETAS, **sigma_min, "solver_order": order, "lower_order_final": True}, steps
            yield "DPM++ 2M", {**BETAS, **sigma_min, "solver_order": order, "lower_order_final": False}, steps
        yield "DPM++ 2S", {**BETAS, "prediction_type": "sample"}, steps
        yield "DPM++ 2M", {**BETAS, **sigma_min, "algorithm_type": "dpmsolver", "prediction_type": "v_prediction"}, steps
        yield "DPM++ 2M", {**BETAS, "use_lu_lambdas": True}, steps
        yield "DPM++ 2M", {**BETAS, "use_lu_lambdas": True, "beta_schedule": "squaredcos_cap_v2"}, steps
        for spacing in ["leading", "linspace", "trailing"]:
            clipped = {"beta_schedule": "squaredcos_cap_v2", "lambda_min_clipped": -5.1}
            yield "DPM++ 2M", {**clipped, "timestep_spacing": spacing}, steps
        yield "DPM++ 2S", {"beta_schedule": "squaredcos_cap_v2", "lambda_min_clipped": -5.1}, steps
        yield "DPM++ 2M", {**BETAS, "variance_type": "fixed_small"}, steps


def converted():
    """(file, name of the chosen scheduler, steps), through from_config."""
    for file in FILES:
        for name in [*LATER_CLASSES, "LMS Karras", "DPM++ 2M SDE Karras", "DPM++ SDE Karras"]:
            if file != "deis" or not name.startswith("DPM++ 2M"):
                yield file, name, 10
        for name in [*CLASSES, "DPM++ 2M Karras"]:
            # diffusers cannot make a DPM++ out of a DEIS file that leaves final_sigmas_type out.
            if file != "deis" or not name.startswith("DPM"):
                yield file, name, 10
        for name in [*LATEST_CLASSES, "DPM2 Karras", "DPM2 a Karras", "DPM++ 2S Karras", "DPM++ 3M", "DPM++ 3M Karras",
                     "DPM++ 3M SDE", "DPM++ 3M SDE Karras"]:  # fmt: skip
            if file != "deis" or not name.startswith("DPM++"):
                yield file, name, 10


def build(file, name):
    """X.from_config(pipe.scheduler.config); the pipeline's corrections do not affect these files."""
    original = FILES[file]
    config = getattr(diffusers, original["_class_name"]).from_config(original).config
    plain = name.removesuffix(" Karras").replace("3M", "2M")
    karras = {"use_karras_sigmas": name.endswith("Karras")} if plain.startswith(("DPM", "LMS")) else {}
    order = {"solver_order": 3 if "3M" in name else 2} if plain.startswith(("DPM++ 2M", "DPM++ 2S")) else {}
    return ALL_CLASSES[plain].from_config(config, **karras, **order, **SAID.get(plain, {}))


def motion():
    """Increments of DPM++ SDE's tree between each point and the one before."""
    for start, end, seed, points in [
        (0.0291675, 14.614647, 5, [14.614647, 9.5, 3.25, 0.7, 0.0859375, 0.0291675]),
        (0.1, 157.4, 2**40 + 3, [157.4, 100.0, 31.4159265, 31.4159, 0.5]),
    ]:
        tree = torchsde.BrownianInterval(
            t0=start, t1=end, size=(SIZE,), dtype=torch.float32, entropy=seed, tol=1e-6, pool_size=24, halfway_tree=True
        )
        increments = [rounded(tree(low, high)) for high, low in zip(points, points[1:], strict=False)]
        yield {"start": start, "end": end, "seed": seed, "points": points, "increments": increments}


def constructors():
    """The keys that each class takes, with defaults; infinities as null."""
    for scheduler in dict.fromkeys(ALL_CLASSES.values()):
        parameters = list(inspect.signature(scheduler.__init__).parameters.values())[1:]
        defaults = {each.name: None if each.default == -np.inf else each.default for each in parameters}
        yield f'"{scheduler.__name__}": {json.dumps(defaults, separators=(",", ":"))}'


def main():
    path = ROOT / "values" / "schedulers.json"
    # Float32 results on other machines differ in the last bits, which zero-SNR schedules and DPM++ SDE's noise magnify.
    known = json.loads(path.read_text()) if sys.argv[1:] == ["new"] else {"cases": [], "converted": []}

    def record(kind, case, build_scheduler):
        kept = (each for each in known[kind] if {key: each.get(key) for key in case} == case)
        return next(kept, None) or {**case, **run(build_scheduler(), case["steps"])}

    asked = [
        *direct(),
        *((name, {**config, **SAID.get(name, {})}, steps) for name, config, steps in later()),
        *latest(),
    ]
    cases = [
        record(
            "cases",
            {"scheduler": name, "config": config, "steps": steps},
            lambda name=name, config=config: ALL_CLASSES[name](**config),
        )
        for name, config, steps in asked
    ]
    chosen = [
        record(
            "converted",
            {"file": file, "scheduler": name, "steps": steps},
            lambda file=file, name=name: build(file, name),
        )
        for file, name, steps in converted()
    ]

    def lines(records):
        return ",\n  ".join(json.dumps(record, separators=(",", ":")) for record in records)

    files = json.dumps(FILES, separators=(",", ":"))
    text = f'{{"diffusers": "{diffusers.__version__}",\n "files": {files},\n'
    text += ' "constructors": {\n  ' + ",\n  ".join(constructors()) + "},\n"
    text += f' "cases": [\n  {lines(cases)}],\n "converted": [\n  {lines(chosen)}],\n "motion": [\n  {lines(motion())}]}}\n'
    path.write_text(text)


if __name__ == "__main__":
    main()
