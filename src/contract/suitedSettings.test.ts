import { expect, it } from 'vitest';
import { offers } from './catalogue';
import { apiDefaults, settingsInWords } from './modelSettings';
import { suitedSettings } from './suitedSettings';

const plain = { readsGuidance: false, scheduler: 'PNDMScheduler', spacing: 'leading', prediction: 'epsilon' };

it('the recommended models stand in it by id, however it is written', () => {
  expect(suitedSettings('starter')).toEqual({
    settings: { num_inference_steps: 6, guidance_scale: 1 },
    from: 'id',
  });
  const turbo = { settings: { num_inference_steps: 4, guidance_scale: 0 }, from: 'id' };
  for (const name of [
    'stabilityai/sd-turbo',
    'StabilityAI/SD-Turbo ',
    'https://huggingface.co/stabilityai/sd-turbo/',
  ]) {
    expect(suitedSettings(name, plain)).toEqual(turbo);
  }
  for (const { model_name, settings } of offers) {
    expect(suitedSettings(model_name)?.settings).toBe(settings);
    expect(settings.num_inference_steps).toBeGreaterThan(0);
  }
});

it('nothing is known of others: no entry, and the API’s defaults hold', () => {
  expect(suitedSettings('owner/some-model', plain)).toBeNull();
  expect(suitedSettings('owner/some-model')).toBeNull();
  expect(apiDefaults).toEqual({ num_inference_steps: 30, guidance_scale: 7.5 });
});

it.each([
  ['a UNet that is told the guidance', { readsGuidance: true, scheduler: 'LCMScheduler' }, [4, 8, undefined]],
  ['one with another scheduler', { ...plain, readsGuidance: true }, [4, 8, 'LCM']],
  ['an LCM that was merged', { readsGuidance: false, scheduler: 'LCMScheduler' }, [8, 1.5, undefined]],
  ['TCD', { readsGuidance: false, scheduler: 'TCDScheduler' }, [4, 0, undefined]],
  [
    'SD Turbo’s scheduler',
    { ...plain, scheduler: 'EulerDiscreteScheduler', spacing: 'trailing' },
    [4, 0, undefined],
  ],
])('by configuration: %s', (_what, traits, [steps, guidance, scheduler]) => {
  expect(suitedSettings('owner/some-model', traits)).toEqual({
    settings: {
      num_inference_steps: steps,
      guidance_scale: guidance,
      ...(scheduler !== undefined && { scheduler }),
    },
    from: 'configuration',
  });
});

it('models of zero terminal SNR begin at the last timestep too, and want many steps', () => {
  const euler = { ...plain, scheduler: 'EulerDiscreteScheduler', spacing: 'trailing' };
  expect(suitedSettings('owner/zsnr', { ...euler, zeroSnr: true })).toBeNull();
  expect(suitedSettings('owner/v', { ...euler, prediction: 'v_prediction' })).toBeNull();
});

it.each([
  ['ByteDance/SDXL-Lightning', 4],
  ['https://huggingface.co/ByteDance/SDXL-Lightning/resolve/main/sdxl_lightning_8step.safetensors', 8],
  ['disk:realvisxlV40_v40LightningBakedvae.safetensors', 4],
  ['stabilityai/sdxl-turbo', 4],
  ['C:\\models\\dreamshaperXL_v21TurboDPMSDE.safetensors', 4],
  ['owner/sdxl-turbo/model.safetensors', 4],
  ['/home/me/Hyper-SD15-1step.safetensors', 1],
  ['disk:realisticVisionV60B1_v51HyperVAE.safetensors', 8],
  ['owner/hyperSD-2steps', 2],
  ['disk:dreamshaper_8LCM.safetensors', 8],
  ['owner/dreamshaper-8-lcm-6-steps', 6],
])('by name, a guess: %s in %d steps', (name, steps) => {
  const found = suitedSettings(name, plain);
  expect(found?.from).toBe('name');
  expect(found?.settings.num_inference_steps).toBe(steps);
  expect(found?.settings.guidance_scale).toBeLessThan(2);
});

it.each([
  'owner/hyperrealism',
  'lightning-labs/plain-model',
  '/home/turbo/models/photo.safetensors',
  'owner/Hyper-Realistic-Vision',
  'owner/step-by-step',
  'owner/1000-steps',
])('takes no other word for one of them: %s', (name) => {
  expect(suitedSettings(name, plain)).toBeNull();
});

it('names of the greatest length are read at once', () => {
  const started = performance.now();
  for (const shape of ['/', 'aB', '1a', 'A', '-', '/resolve/']) suitedSettings(shape.repeat(2048));
  expect(performance.now() - started).toBeLessThan(200);
});

it('in words', () => {
  expect(settingsInWords({ num_inference_steps: 4, guidance_scale: 0 })).toBe('4 steps, guidance 0');
  expect(settingsInWords({ num_inference_steps: 1, scheduler: 'LCM' })).toBe('1 step, scheduler LCM');
});
