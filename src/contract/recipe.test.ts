import { expect, it } from 'vitest';
import { parametersText, parseParameters, readRecipe, recipeOf, recipeTexts, withoutSecrets } from './recipe';
import { localOptionsSchema } from './schema';

const request = {
  model_name: 'owner/model',
  prompt: 'a red fox, "quick"\nsecond line: 狐',
  negative_prompt: 'blurry, cartoon',
  num_inference_steps: 12,
  guidance_scale: 6.5,
};
const made = (options: object = {}, changed: object = {}) =>
  recipeOf({
    engine: 'local',
    request: { ...request, ...changed },
    options: localOptionsSchema.parse({ width: 512, height: 640, ...options }),
    page: { mask_content: 'blur', feather: 4 },
    seed: 1234,
    width: 4000,
    height: 3000,
    madeAt: new Date('2026-01-02T03:04:05Z'),
  });

it('comes back from a file as it was', () => {
  const recipe = made({
    scheduler: 'DPM++ 2M Karras',
    strength: 0.75,
    loras: [{ source: 'a/b', weight: 0.5 }],
  });
  expect(readRecipe(recipeTexts(recipe))).toEqual({ recipe });
  expect(recipe).toMatchObject({ request: { ...request, seed: 1234 }, width: 4000, height: 3000 });
});

it('writes what AUTOMATIC1111 reads', () => {
  const loras = [{ source: 'owner/style/fine.safetensors', weight: 0.5 }];
  const recipe = made({ scheduler: 'Euler a', loras }, { model_name: 'https://host/m.safetensors' });
  expect(parametersText(recipe)).toBe(
    [
      'a red fox, "quick"',
      'second line: 狐 <lora:fine:0.5>',
      'Negative prompt: blurry, cartoon',
      'Steps: 12, Sampler: Euler a, CFG scale: 6.5, Seed: 1234, Size: 512x640, ' +
        'Model: "https://host/m.safetensors", Denoising strength: 1, Version: Inlay',
    ].join('\n'),
  );
  expect(parseParameters(parametersText(made()))).toEqual({
    prompt: request.prompt,
    negative_prompt: 'blurry, cartoon',
    num_inference_steps: 12,
    guidance_scale: 6.5,
    seed: 1234,
  });
});

it('reads other programs’ files, without what the API does not allow', () => {
  const text =
    'photo of a harbour\nNegative prompt: people,\nboats\nSteps: 20, Sampler: DPM++ 2M, CFG scale: 30, Seed: 4294967295, ' +
    'Size: 512x768, Model hash: 6ce0161689, Model: v1-5, Lora hashes: "a: 1, Steps: 99", Version: v1.10.1';
  expect(readRecipe([{ keyword: 'parameters', text }])).toEqual({
    fields: {
      prompt: 'photo of a harbour',
      negative_prompt: 'people,\nboats',
      num_inference_steps: 20,
      seed: 4294967295,
    },
  });
});

it('reads settings from comma to comma', () => {
  const fields = (settings: string) => parseParameters(`a\n${settings}`);
  expect(fields('Steps: 20, Note: "a, Steps: 1", Seed: 3,')).toMatchObject({
    num_inference_steps: 20,
    seed: 3,
  });
  // A quote that is never closed, or goes on after it, is a value like any other.
  expect(fields('Steps: 20, Note: "a, Seed: 3')).toMatchObject({ num_inference_steps: 20, seed: 3 });
  expect(fields('Steps: 20, Note: "a" b, Seed: 3')).toMatchObject({ num_inference_steps: 20, seed: 3 });
  expect(fields('Steps: 20, !, : 3, a, Seed: 3')).toMatchObject({ num_inference_steps: 20, seed: 3 });
});

it.each([
  ['letters', (n: number) => `a\nSteps: 1,${'a'.repeat(n)}`],
  ['names', (n: number) => `a\nSteps: 1,${'a:'.repeat(n / 2)}`],
  ['commas', (n: number) => `a\nSteps: 1${','.repeat(n)}:`],
  ['quotes', (n: number) => `a\nSteps: 1,${'a:",'.repeat(n / 4)}`],
  ['escapes', (n: number) => `a\nSteps: 1,a:"${'\\"'.repeat(n / 2)}`],
  ['lines', (n: number) => `${'\n'.repeat(n)}Steps: 1`],
])('reads 900,000 characters of %s at once', (_, text) => {
  const start = performance.now();
  parseParameters(text(60_000));
  parseParameters(text(900_000));
  expect(performance.now() - start).toBeLessThan(500);
});

it('takes no line of settings, and no prompt, that is longer than any program writes', () => {
  expect(parseParameters(`a\nSteps: 1,${'a'.repeat(900_000)}`)).toBeNull();
  expect(parseParameters(`${'a'.repeat(70_000)}\nSteps: 1`)).toBeNull();
});

it('keeps embeddings with their words, without tokens of access and without what lies on the disk', () => {
  const file = new File(['x'], 'style.pt');
  const embeddings = [
    { source: file },
    { source: 'https://u:marker@host/e.pt?Token=marker', token: '<cat>' },
  ];
  const recipe = made({ embeddings });
  expect(recipe.options.embeddings).toEqual([
    { source: 'style.pt', isFile: true },
    { source: 'https://host/e.pt', token: '<cat>', isFile: false },
  ]);
  expect(readRecipe(recipeTexts(recipe))?.recipe).toEqual(recipe);
  expect(JSON.stringify(recipe)).not.toContain('marker');
  expect(made({}).options).not.toHaveProperty('embeddings');
});

it.each(['a plain comment', '', 'Steps of a ladder: 3, none', 'prompt\nSize: 3x3'])(
  'takes %j for no settings',
  (text) => {
    expect(readRecipe([{ keyword: 'parameters', text }])).toBeNull();
  },
);

it.each(['{', '[]', '{"version":2}', '{"version":1,"request":{"prompt":3}}'])(
  'falls back from %s',
  (text) => {
    expect(readRecipe([{ keyword: 'inlay', text }])).toBeNull();
    const parameters = { keyword: 'parameters', text: 'a cow\nSteps: 3, Seed: 4' };
    expect(readRecipe([{ keyword: 'inlay', text }, parameters])).toMatchObject({ fields: { seed: 4 } });
  },
);

it('holds no secret and no file', () => {
  const file = new File(['weights'], 'mine.safetensors');
  const recipe = made(
    { loras: [{ source: file, weight: 1 }, { source: 'https://u:marker@host/l.safetensors?Token=marker' }] },
    { model_name: 'https://host/m?type=Model&api_key=marker' },
  );
  expect(JSON.stringify(recipeTexts(recipe))).not.toContain('marker');
  expect(recipe.request.model_name).toBe('https://host/m?type=Model');
  expect(recipe.options.loras).toEqual([
    { source: 'mine.safetensors', weight: 1, isFile: true },
    { source: 'https://host/l.safetensors', weight: 1, isFile: false },
  ]);
});

it.each(['owner/name', 'disk:mine', 'https://host/m?type=Model&format=SafeTensor'])(
  'leaves %s as it is',
  (name) => {
    expect(withoutSecrets(name)).toBe(name);
  },
);
