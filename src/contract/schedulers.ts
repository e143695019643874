/** Names of schedulers, as AUTOMATIC1111's web UI and diffusers' documentation have them. */
import { z } from 'zod';

export const schedulerNames = [
  'DDIM',
  'DDPM',
  'PNDM',
  'Euler',
  'Euler a',
  'Heun',
  'DPM2',
  'DPM2 Karras',
  'DPM2 a',
  'DPM2 a Karras',
  'LMS',
  'LMS Karras',
  'DPM++ 2M',
  'DPM++ 2M Karras',
  'DPM++ 2M SDE',
  'DPM++ 2M SDE Karras',
  'DPM++ 3M',
  'DPM++ 3M Karras',
  'DPM++ 3M SDE',
  'DPM++ 3M SDE Karras',
  'DPM++ 2S',
  'DPM++ 2S Karras',
  'DPM++ SDE',
  'DPM++ SDE Karras',
  'UniPC',
  'DEIS',
  'LCM',
  'TCD',
] as const;
export type SchedulerName = (typeof schedulerNames)[number];

/** Other names in use, for which {@link schedulerNamed} has no rule. */
const otherNames: Readonly<Record<string, SchedulerName>> = {
  plms: 'PNDM',
  unipcbh2: 'UniPC',
  dpmsolver: 'DPM++ 2M',
  'dpmsolver++': 'DPM++ 2M',
  dpmsolvermultistep: 'DPM++ 2M',
  dpmsolversinglestep: 'DPM++ 2S',
  dpmsolversde: 'DPM++ SDE',
};

/**
 * A scheduler by its name here, by diffusers' class ("EulerAncestralDiscreteScheduler") or as k-diffusion and ComfyUI write
 * it ("k_euler_a", "dpmpp_2m_karras").
 */
export function schedulerNamed(name: string): SchedulerName | undefined {
  const plain = squeezed(name)
    .replace(/scheduler$/, '')
    .replace('dpmpp', 'dpm++')
    .replace('discrete', '')
    .replace('ancestral', 'a');
  const spellings = [plain, plain.replace('multistep', ''), plain.replace(/^k/, '')];
  for (const spelling of spellings) {
    const known = schedulerNames.find((each) => squeezed(each) === spelling);
    const other = Object.hasOwn(otherNames, spelling) ? otherNames[spelling] : undefined;
    if (known ?? other) return known ?? other;
  }
  return undefined;
}

/** No longer than any name is: in small letters, without blanks, lines and underscores. */
function squeezed(name: string): string {
  return name
    .slice(0, 100)
    .toLowerCase()
    .replace(/[\s_-]/g, '');
}

/** A scheduler's name, in any spelling that {@link schedulerNamed} knows. */
export const schedulerNameSchema = z.string('must be the name of a scheduler').transform((name, context) => {
  const known = schedulerNamed(name);
  if (known) return known;
  context.addIssue(
    `"${name.slice(0, 100)}" is not a scheduler that Inlay has; choose one of ${schedulerNames.join(', ')}`,
  );
  return z.NEVER;
});
