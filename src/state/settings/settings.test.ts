import { expect, it } from 'vitest';
import { factsInWords, guessedNativeSize, shortModelName, suggestModels } from '../models/modelCatalogue';
import { emptyLora } from './loras';
import {
  apiSettings,
  asTyped,
  changedMoreSettings,
  checkSettings,
  idleReason,
  moreSettings,
  initialSettings as settings,
} from './settings';

it('starts with the starter model, at what suits it, and the contract’s defaults', () => {
  expect(checkSettings(settings).checked).toEqual({
    model_name: 'starter',
    prompt: '',
    negative_prompt: '',
    num_inference_steps: 6,
    guidance_scale: 1,
    seed: undefined,
    loras: [],
    embeddings: [],
    strength: 1,
    mask_content: 'original',
    colour_match: true,
    variations: 1,
  });
});

it('names each field that is wrong', () => {
  const { errors } = checkSettings({
    ...settings,
    model_name: ' ',
    num_inference_steps: '151',
    guidance_scale: '20.5',
    seed: '1.5',
  });
  expect(Object.keys(errors ?? {})).toEqual(['model_name', 'num_inference_steps', 'guidance_scale', 'seed']);
  expect(errors?.num_inference_steps).toContain('0 to 150');
  expect(errors?.guidance_scale).toContain('0 to 20');
});

it.each([
  ['num_inference_steps', '-1'],
  ['num_inference_steps', '2.5'],
  ['num_inference_steps', 'ten'],
  ['guidance_scale', '-0.1'],
  ['seed', '-3'],
  ['seed', '9007199254740993'],
  ['strength', '0'],
  ['strength', '1.01'],
  ['variations', '0'],
  ['variations', '5'],
  ['crop_padding', '1.5'],
  ['feather', '-1'],
] as const)('refuses %s = %s', (field, value) => {
  expect(checkSettings({ ...settings, [field]: value }).errors).toHaveProperty(field);
});

it('says up to which seed there is', () => {
  const { errors } = checkSettings({ ...settings, seed: '18446744073709551615' });
  expect(errors?.seed).toBe(
    'Seed must be a whole number from 0 to 9007199254740991. Leave empty for a random one.',
  );
});

it('blank numbers mean their defaults, a blank seed chance', () => {
  const blank = { ...settings, num_inference_steps: ' ', guidance_scale: '', seed: '' };
  expect(checkSettings(blank).checked).toMatchObject({ num_inference_steps: 30, guidance_scale: 7.5 });
  expect(checkSettings({ ...settings, seed: '42' }).checked?.seed).toBe(42);
});

it('guesses native sizes by name', () => {
  expect(guessedNativeSize('starter')).toBe(256);
  expect(guessedNativeSize('diffusers/stable-diffusion-xl-1.0-inpainting-0.1')).toBe(1024);
  expect(guessedNativeSize('stabilityai/stable-diffusion-2-1')).toBe(768);
  expect(guessedNativeSize('stabilityai/stable-diffusion-2-inpainting')).toBe(512);
  expect(guessedNativeSize('runwayml/stable-diffusion-v1-5')).toBe(512);
});

it('shortens names for captions', () => {
  expect(shortModelName('starter')).toBe('starter');
  expect(shortModelName('https://huggingface.co/a/b-inpainting/resolve/main/')).toBe('b-inpainting');
});

it('counts what is set among the folded settings', () => {
  expect(changedMoreSettings(settings)).toBe(0);
  expect(changedMoreSettings({ ...settings, prompt: 'a fox', num_inference_steps: '9' })).toBe(0);
  expect(changedMoreSettings({ ...settings, strength: '0.6', variations: '3' })).toBe(2);
  expect(changedMoreSettings({ ...settings, loras: [{ ...emptyLora(), source: 'owner/name' }] })).toBe(1);
});

it('says of a model of one size which that is', () => {
  const facts = { family: 'sd1', isInpainting: true, nativeSize: 768 } as const;
  expect(factsInWords(facts)).toBe('Stable Diffusion 1 for inpainting, 768 px');
  const fixedSize = { width: 768, height: 512 };
  expect(factsInWords({ ...facts, fixedSize })).toBe('Stable Diffusion 1 for inpainting, 768 × 512 px only');
});

it.each([
  ['sd15', 'stable-diffusion-v1-5/stable-diffusion-inpainting'],
  ['SD 1.5', 'stable-diffusion-v1-5/stable-diffusion-inpainting'],
  ['stable-diffusion', 'stable-diffusion-v1-5/stable-diffusion-inpainting'],
  ['sdxl', 'diffusers/stable-diffusion-xl-1.0-inpainting-0.1'],
  ['turbo', 'stabilityai/sd-turbo'],
  ['dream shaper', 'Lykon/dreamshaper-8-inpainting'],
  // Another kind that cannot run: the suggestion has the same purpose.
  ['flux', 'stable-diffusion-v1-5/stable-diffusion-inpainting'],
])('a short name gets a suggestion: %s', (typed, first) => {
  expect(suggestModels(typed)[0]?.model_name).toBe(first);
});

it.each(['owner/sd15', 'https://example.com/sd15', 'C:\\sd15', 'x', 'qqqq', ''])(
  'nothing is suggested for %j',
  (typed) => {
    expect(suggestModels(typed)).toEqual([]);
  },
);

it('shows these under “More settings”, in this order', () => {
  expect(moreSettings).toEqual([
    'variations',
    'crop_padding',
    'feather',
    'colour_match',
    'strength',
    'mask_content',
    'scheduler',
    'loras',
    'embeddings',
  ]);
});

it('leaves out for the hosted API what it lacks, and keeps the rest', () => {
  const changed = { ...settings, prompt: 'a', strength: '0.4', scheduler: 'LCM', feather: '3' } as const;
  const noise = { ...changed, mask_content: 'noise', colour_match: false } as const;
  expect(apiSettings(noise)).toEqual({ ...settings, prompt: 'a', feather: '3', colour_match: false });
});

it('says when the mask’s content makes no difference', () => {
  expect(idleReason(settings, 'mask_content')).toContain('At strength 1');
  expect(idleReason({ ...settings, strength: ' ' }, 'mask_content')).toContain('At strength 1');
  expect(idleReason({ ...settings, strength: '0.9' }, 'mask_content')).toBeNull();
  expect(idleReason(settings, 'feather')).toBeNull();
});

it('refuses a prompt that is too long at its field', () => {
  const { errors } = checkSettings({ ...settings, prompt: 'x'.repeat(1_000_000) });
  expect(errors?.prompt).toMatch(/^Prompt may have at most .* characters; shorten it\.$/);
});

it('turns values into what the fields hold', () => {
  expect(asTyped({ seed: 5, scheduler: undefined, colour_match: false, prompt: 'a' })).toEqual({
    seed: '5',
    scheduler: '',
    colour_match: false,
    prompt: 'a',
  });
});
