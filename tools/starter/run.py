"""The whole training as one command that keeps to the clock, from an archive of pack.py on a machine with a GPU:

    tar xf starter.tar.xz -C DIR && python3 DIR/tools/starter/run.py --minutes 9 --out OUT

It goes on from the model in the archive: composes and encodes a pool, trains the UNet and the text encoder on it, and beside
that the judge; exports and scores. Each step ends by the clock, and what the last step that was reached has made is there:
OUT gets unet, text_encoder and vae .safetensors, evaluation.json, samples, prompts and fills .jpg, and log.txt. Here,
`python tools/starter/adopt.py OUT` puts them into the repository. --device cpu tries it without a GPU.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
MODEL = ROOT / "public" / "models" / "starter"
DATA = ROOT / "data"
WEIGHTS = {
    "unet": "unet/diffusion_pytorch_model.safetensors", "vae": "vae/diffusion_pytorch_model.safetensors",
    "text_encoder": "text_encoder/model.safetensors",
}

# When each step has to end, as parts of the whole time. Nothing that is written before is lost if a later one is cut off.
# Without a GPU most of the time of a short trial goes into imports and into drawing what is scored.
POOL_UNTIL = {"gpu": 0.24, "cpu": 0.2}
TRAIN_UNTIL = {"gpu": 0.72, "cpu": 0.5}
GRACE_SECONDS = 60  # for what a script does after its deadline; longer, and it is cut off
EXPORT_SECONDS = 60  # it takes a few; imports on a cold machine are most of them


class Clock:
    def __init__(self, minutes: float):
        self.start, self.length = time.time(), minutes * 60

    def at(self, part: float) -> float:
        """Seconds since 1970."""
        return self.start + part * self.length

    @property
    def seconds(self) -> float:
        return time.time() - self.start

    def left_until(self, part: float) -> float:
        """Seconds, at least 1."""
        return max(1.0, self.length * part - self.seconds)


class Runner:
    def __init__(self, args, clock: Clock):
        self.clock, self.log = clock, open(args.out / "log.txt", "w", buffering=1)
        path = [str(ROOT / "site")] if (ROOT / "site").exists() else []
        self.environment = {**os.environ, "PYTHONUNBUFFERED": "1", "HF_HUB_OFFLINE": "1",
                            "PYTHONPATH": os.pathsep.join([*path, os.environ.get("PYTHONPATH", "")])}
        if args.device == "cpu":
            self.environment["CUDA_VISIBLE_DEVICES"] = ""

    def say(self, text: str) -> None:
        line = f"{self.clock.seconds:6.1f} s  {text}"
        print(line, flush=True)
        self.log.write(line + "\n")

    def start(self, script: str, *arguments) -> subprocess.Popen:
        command = [sys.executable, str(HERE / script), *map(str, arguments)]
        self.say(" ".join([script, *map(str, arguments)]))
        # A group of its own, so that what it has started can be ended with it.
        return subprocess.Popen(command, env=self.environment, stdout=self.log, stderr=subprocess.STDOUT,
                                start_new_session=True)

    def finish(self, process: subprocess.Popen, script: str, seconds: float) -> bool:
        """@returns whether it came to its end, and well"""
        try:
            code = process.wait(max(1.0, seconds))
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, 9)
            process.wait()
            self.say(f"{script} was cut off")
            return False
        self.say(f"{script} {'done' if code == 0 else f'failed with {code}, see log.txt'}")
        return code == 0


def prepare(work: Path) -> None:
    """What the scripts expect of the earlier steps, from the model to go on from."""
    import torch
    from safetensors.torch import load_file

    work.mkdir(parents=True, exist_ok=True)
    vae = {key: value.float() for key, value in load_file(MODEL / WEIGHTS["vae"]).items()}
    torch.save(vae, work / "vae.pt")
    config = json.loads((MODEL / "vae" / "config.json").read_text())
    # The UNet has learnt latents of this scale.
    (work / "latents.json").write_text(json.dumps({"scaling_factor": config["scaling_factor"]}))


def collect(model: Path, out: Path) -> None:
    for name, file in WEIGHTS.items():
        shutil.copyfile(model / file, out / f"{name}.safetensors")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=9, help="for everything")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--work", type=Path, help="scratch; default: OUT/../starter-work")
    parser.add_argument("--device", choices=("auto", "cpu"), default="auto")
    parser.add_argument("--objects", type=Path, default=DATA / "objects")
    parser.add_argument("--backgrounds", type=Path, nargs="+", default=[DATA])
    parser.add_argument("--batch", type=int, help="default: 256 on a GPU, else 8")
    parser.add_argument("--lr", type=float, default=5e-4)
    args = parser.parse_args()

    clock = Clock(args.minutes)
    work = args.work or args.out.resolve().parent / "starter-work"
    shutil.rmtree(work, ignore_errors=True)
    args.out.mkdir(parents=True, exist_ok=True)
    runner = Runner(args, clock)
    prepare(work)
    import torch

    gpu = args.device == "auto" and torch.cuda.is_available()
    cores = len(os.sched_getaffinity(0))
    runner.say(f"{torch.cuda.get_device_name(0) if gpu else 'CPU'}, {cores} cores, torch {torch.__version__}")
    # On a GPU one process trains and most cores compose; without one, each core does its own.
    composers = max(1, cores - 4) if gpu else 0
    here = ["--work", work, "--objects", args.objects]
    everything = [*here, "--backgrounds", *args.backgrounds]

    # 1. The pool; as many groups as the time allows
    device = "gpu" if gpu else "cpu"
    end = POOL_UNTIL[device]
    pool = runner.start("encode_pool.py", *everything, "--groups", 10**6, "--processes", 1, "--composers", composers,
                        "--deadline", clock.at(end))
    runner.finish(pool, "encode_pool.py", clock.left_until(end) + GRACE_SECONDS)
    shards = len(list((work / "pool").glob("[0-9]*.npz"))) if (work / "pool").exists() else 0
    runner.say(f"{shards} shards")

    # 2. The UNet and the text encoder, and the judge beside them
    end = TRAIN_UNTIL[device]
    timed = ["--minutes", args.minutes, "--deadline", clock.at(end)]
    judge = runner.start("classifier.py", *everything, *timed, "--composers", composers)
    trains = shards > 0
    if trains:
        training = runner.start("train_unet.py", "--work", work, "--start", MODEL, *timed, "--processes", 1,
                                "--batch", args.batch or (256 if gpu else 8), "--lr", args.lr)
        trains = runner.finish(training, "train_unet.py", clock.left_until(end) + GRACE_SECONDS)

    # 3. The weights
    model = work / "model"
    # A training that was cut off has left its last checkpoint, at most two and a half minutes old.
    if (work / "unet.pt").exists():
        trains = runner.finish(runner.start("export.py", "--work", work, "--out", model), "export.py", EXPORT_SECONDS)
    if not (model / WEIGHTS["unet"]).exists():
        runner.say("nothing was trained: these are the weights that it began with")
        trains = False
        model = MODEL
    collect(model, args.out)
    judged = runner.finish(judge, "classifier.py", GRACE_SECONDS)

    # 4. The scores, on fewer pictures where the time is short
    if judged:
        few = [] if gpu else ["--every", 52, "--synonyms", 2, "--fills", 2]
        runner.finish(runner.start("evaluate.py", "--model", model, *everything, "--out", args.out, "--batch", 64 if gpu else 4,
                                   *few), "evaluate.py", clock.left_until(1))
    evaluated = (args.out / "evaluation.json").exists()
    runner.say(json.dumps({"trained": trains, "evaluated": evaluated, "minutes": round(clock.seconds / 60, 2)}))
    sys.exit(0 if trains and evaluated else 1)


if __name__ == "__main__":
    main()
