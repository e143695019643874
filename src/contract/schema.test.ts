import { describe, expect, it } from 'vitest';
import { parseLocalOptions, parseRequest } from './engine';
import { decodeError, encodeError, InputError } from './errors';

// The documentation's own examples: ../shared/reference/fal-inpaint.txt, "Required Parameters" and "Full Example".
const pictures = 'https://raw.githubusercontent.com/CompVis/latent-diffusion/main/data/inpainting_examples';
const required = {
  model_name: 'diffusers/stable-diffusion-xl-1.0-inpainting-0.1',
  prompt: 'a photo of a cat',
  image_url: `${pictures}/overture-creations-5sI6fQgYIuo.png`,
  mask_url: `${pictures}/overture-creations-5sI6fQgYIuo_mask.png`,
};

describe('the request', () => {
  it('takes the documented minimum and fills in the documented defaults', () => {
    expect(parseRequest(required)).toEqual({
      ...required,
      negative_prompt: '',
      num_inference_steps: 30,
      guidance_scale: 7.5,
    });
  });

  it('takes the documented full example as it stands', () => {
    const full = {
      ...required,
      negative_prompt: 'cartoon, painting, illustration, (worst quality, low quality, normal quality:2)',
      num_inference_steps: 30,
      guidance_scale: 7.5,
      seed: 1234,
    };
    expect(parseRequest(full)).toEqual(full);
  });

  it('takes the ends of every range, picture files and data URIs', () => {
    const file = new Blob(['x'], { type: 'image/png' });
    for (const edge of [
      { num_inference_steps: 0, guidance_scale: 0, seed: 0, prompt: '' },
      { num_inference_steps: 150, guidance_scale: 20, seed: Number.MAX_SAFE_INTEGER },
      { prompt: 'x'.repeat(65_536) },
      { image_url: file, mask_url: 'data:image/png;base64,AA==' },
    ]) {
      expect(parseRequest({ ...required, ...edge })).toMatchObject(edge);
    }
  });

  it.each([
    ['model_name', { model_name: ' ' }],
    ['prompt', { prompt: undefined }],
    ['prompt', { prompt: 'x'.repeat(65_537) }],
    ['model_name', { model_name: 'x'.repeat(2_049) }],
    ['negative_prompt', { negative_prompt: 'x'.repeat(65_537) }],
    ['image_url', { image_url: 'picture.png' }],
    ['image_url', { image_url: 'file:///etc/passwd' }],
    ['mask_url', { mask_url: 7 }],
    ['num_inference_steps', { num_inference_steps: 151 }],
    ['num_inference_steps', { num_inference_steps: -1 }],
    ['num_inference_steps', { num_inference_steps: 2.5 }],
    ['guidance_scale', { guidance_scale: 20.1 }],
    ['guidance_scale', { guidance_scale: Number.NaN }],
    ['seed', { seed: -1 }],
    ['seed', { seed: 2 ** 53 }],
  ])('names %s when it is wrong', (field, wrong) => {
    expect(() => parseRequest({ ...required, ...wrong })).toThrow(InputError);
    expect(() => parseRequest({ ...required, ...wrong })).toThrow(new RegExp(`^${field}: `));
  });
});

describe('local options', () => {
  it('have defaults of their own', () => {
    expect(parseLocalOptions({})).toEqual({ strength: 1 });
  });

  it.each([
    ['strength', { strength: 0 }],
    ['strength', { strength: 1.01 }],
    ['width', { width: 100 }],
    ['height', { height: 4096 }],
    ['scheduler', { scheduler: 'Magic' }],
    ['scheduler', { scheduler: 7 }],
  ])('name %s when it is wrong', (field, wrong) => {
    expect(() => parseLocalOptions(wrong)).toThrow(new RegExp(`^${field}: `));
  });
});

describe('errors', () => {
  it('come out of the worker as they went in', () => {
    for (const error of [
      new InputError('seed', 'seed: too small'),
      new InputError('model_name', 'model_name: there is none', true),
    ])
      expect(decodeError(structuredClone(encodeError(error)))).toEqual(error);
    const aborted = decodeError(encodeError(new DOMException('stop', 'AbortError')));
    expect(aborted.name).toBe('AbortError');
    expect(encodeError('text').name).toBe('InternalError');
  });
});
