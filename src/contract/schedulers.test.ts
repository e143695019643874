import { describe, expect, it } from 'vitest';
import { parseLocalOptions } from './engine';
import { schedulerNamed, schedulerNames } from './schedulers';

describe('schedulerNamed', () => {
  it.each(schedulerNames.map((name) => [name]))('knows %s by its own name, in small letters too', (name) => {
    expect(schedulerNamed(name)).toBe(name);
    expect(schedulerNamed(name.toLowerCase().replaceAll(' ', '_').replace('++', 'pp'))).toBe(name);
  });

  it.each([
    // diffusers' classes
    ['DDIMScheduler', 'DDIM'],
    ['DDPMScheduler', 'DDPM'],
    ['PNDMScheduler', 'PNDM'],
    ['EulerDiscreteScheduler', 'Euler'],
    ['EulerAncestralDiscreteScheduler', 'Euler a'],
    ['HeunDiscreteScheduler', 'Heun'],
    ['KDPM2DiscreteScheduler', 'DPM2'],
    ['KDPM2AncestralDiscreteScheduler', 'DPM2 a'],
    ['LMSDiscreteScheduler', 'LMS'],
    ['DPMSolverMultistepScheduler', 'DPM++ 2M'],
    ['DPMSolverSinglestepScheduler', 'DPM++ 2S'],
    ['DPMSolverSDEScheduler', 'DPM++ SDE'],
    ['DEISMultistepScheduler', 'DEIS'],
    ['UniPCMultistepScheduler', 'UniPC'],
    ['LCMScheduler', 'LCM'],
    // k-diffusion and ComfyUI
    ['euler_ancestral', 'Euler a'],
    ['k_euler_a', 'Euler a'],
    ['k_lms', 'LMS'],
    ['dpm_2_ancestral', 'DPM2 a'],
    ['k_dpm_2', 'DPM2'],
    ['dpmpp_2m', 'DPM++ 2M'],
    ['dpmpp_2m_karras', 'DPM++ 2M Karras'],
    ['dpmpp_3m_sde', 'DPM++ 3M SDE'],
    ['uni_pc_bh2', 'UniPC'],
    ['plms', 'PNDM'],
  ])('knows %s as %s', (written, name) => {
    expect(schedulerNamed(written)).toBe(name);
  });

  // Another method, though diffusers' single step is near it; and names of every object.
  it.each(['dpmpp_2s_ancestral', '', 'k', 'scheduler', 'constructor', '__proto__', 'x'.repeat(1e6)])(
    'knows no %.20s',
    (name) => {
      expect(schedulerNamed(name)).toBeUndefined();
    },
  );

  it('names all of them where one is not known', () => {
    expect(() => parseLocalOptions({ scheduler: 'Magic' })).toThrow(
      /^scheduler: "Magic" is not a scheduler that Inlay has; choose one of DDIM, DDPM, .*, TCD$/,
    );
  });
});
