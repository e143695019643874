/**
 * Decides which kernels this device's GPU can be trusted with. ONNX Runtime's kernels are silently wrong on some adapters
 * (docs/webgpu.md), and no list says which: so tiny graphs with known results run on the user's own device before the first
 * run, and the verdict is kept.
 */
import { z } from 'zod';
import { DeviceError, DeviceLostError, messageOf } from '../../contract/errors';
import type { Forms, GraphTarget, Precision } from '../../graph/onnx/types';
import { allChecks, type Check, type CheckGraph, passes } from './canaryChecks';

/** Grows with every change of the checks or of the forms in `graph/layers/nn.ts`: older verdicts no longer count. */
const CANARY_VERSION = 2;

/** Runs a graph once on the device under test. */
export interface CanaryRunner {
  /** @returns the output `y`. Rejects if the graph cannot be compiled or run */
  run(check: CheckGraph): Promise<ArrayLike<number>>;
  /** Resolves with the reason once the device is lost; stays pending for a healthy one. */
  readonly lost: Promise<string>;
}

export type CanaryVerdict =
  | { usable: true; forms: Forms; failures: string[] }
  | { usable: false; failures: string[] };

export type AdapterSetup =
  | { usable: true; subgroups: boolean; forms: Forms }
  | { usable: false; reason: string };

/**
 * Checks each layer in its fused form, and in its plain one if the fused one is wrong or does not compile.
 * @param required forms without which this device is useless to the caller: the first that fails ends the canary
 * @returns the forms to use, or that even a plain form is wrong; `failures` names each check that failed
 * @throws DeviceError if the device is lost on the way, which says nothing about the next one. The run that was under way
 * may hang for ever, and ONNX Runtime takes one call at a time: continue in a new worker
 */
export async function runCanary(
  runner: CanaryRunner,
  precision: Precision,
  required: readonly (keyof Forms)[] = [],
): Promise<CanaryVerdict> {
  const forms: Forms = { multiHeadAttention: true, groupNorm: true, biasSplitGelu: true };
  const failures: string[] = [];
  const fails = async (check: Check): Promise<boolean> => {
    const target: GraphTarget = { provider: 'webgpu', precision, forms };
    const failure = await failureOf(runner, check, target);
    if (failure !== undefined) failures.push(failure);
    return failure !== undefined;
  };
  const checks = allChecks();
  for (const check of checks) {
    if (!(await fails(check))) continue;
    const { form } = check;
    if (form === undefined || !forms[form] || required.includes(form)) return { usable: false, failures };
    // The plain form replaces it, for this check and the earlier ones now, and for later ones in their turn.
    forms[form] = false;
    for (const earlier of checks.slice(0, checks.indexOf(check) + 1)) {
      if (earlier.form === form && (await fails(earlier))) return { usable: false, failures };
    }
  }
  return { usable: true, forms, failures };
}

/** @returns what is wrong, or undefined */
async function failureOf(
  runner: CanaryRunner,
  check: Check,
  target: GraphTarget,
): Promise<string | undefined> {
  const form = check.form === undefined ? '' : target.forms[check.form] ? ' (fused)' : ' (plain)';
  const name = `${check.name}${form}`;
  const lost = runner.lost.then((reason) => {
    throw new DeviceLostError(
      `The GPU was lost while it was being checked (${reason}); reload the page to try again`,
    );
  });
  try {
    const found = await Promise.race([runner.run(check.build(target)), lost]);
    return passes(check, found, target) ? undefined : `${name} gives wrong values`;
  } catch (error) {
    // A lost device may fail a run before its own promise settles: let that one settle first.
    await Promise.race([lost, new Promise((resolve) => setTimeout(resolve, 0))]);
    if (error instanceof DeviceError) throw error;
    return `${name} does not run: ${messageOf(error)}`;
  }
}

/**
 * Decides between a device with subgroups and one without, each tried on its own device.
 * @param runWith opens a device, runs the canary on it and destroys it; passes `required` on, which only saves time
 * @param hasSubgroups whether the adapter has the feature at all
 */
export async function chooseAdapterSetup(
  runWith: (subgroups: boolean, required: readonly (keyof Forms)[]) => Promise<CanaryVerdict>,
  hasSubgroups: boolean,
): Promise<AdapterSetup> {
  // Subgroups make matrix products faster, but an adapter on which one kernel uses them wrongly gets none at all.
  if (hasSubgroups) {
    const required = ['multiHeadAttention', 'groupNorm'] as const;
    const verdict = await runWith(true, required);
    if (verdict.usable && required.every((form) => verdict.forms[form])) {
      return { usable: true, subgroups: true, forms: verdict.forms };
    }
  }
  const verdict = await runWith(false, []);
  if (verdict.usable) return { usable: true, subgroups: false, forms: verdict.forms };
  return {
    usable: false,
    reason: `this GPU computes wrongly (${verdict.failures.at(-1) ?? 'no reason given'})`,
  };
}

/** Where verdicts are stored. Workers have no localStorage: the host provides it. */
export interface VerdictStore {
  get(key: string): Promise<string | undefined>;
  set(key: string, value: string): Promise<void>;
}

export interface VerdictSubject {
  adapter: Pick<GPUAdapterInfo, 'vendor' | 'architecture' | 'device' | 'description'>;
  precision: Precision;
  /** `ort.env.versions.web`. */
  ortVersion: string;
  /** `navigator.userAgent`: browsers ship the shader compiler. */
  browser: string;
}

function verdictKey({ adapter, precision, ortVersion, browser }: VerdictSubject): string {
  const { vendor, architecture, device, description } = adapter;
  return JSON.stringify([
    'canary',
    CANARY_VERSION,
    ortVersion,
    browser,
    precision,
    vendor,
    architecture,
    device,
    description,
  ]);
}

const keptSetup = z.object({
  usable: z.literal(true),
  subgroups: z.boolean(),
  forms: z.object({ multiHeadAttention: z.boolean(), groupNorm: z.boolean(), biasSplitGelu: z.boolean() }),
});

/**
 * The kept verdict, or a new one, which is then kept. "Unusable" is never kept: a driver update does not always change the
 * adapter's name. A failing store only costs the canary's time.
 */
export async function rememberedSetup(
  store: VerdictStore,
  subject: VerdictSubject,
  choose: () => Promise<AdapterSetup>,
): Promise<AdapterSetup> {
  const key = verdictKey(subject);
  const kept = await store.get(key).catch(() => undefined);
  const parsed = keptSetup.safeParse(parseJson(kept));
  if (parsed.success) return parsed.data;
  const setup = await choose();
  if (setup.usable) await store.set(key, JSON.stringify(setup)).catch(() => {});
  return setup;
}

function parseJson(text: string | undefined): unknown {
  try {
    return text === undefined ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}
