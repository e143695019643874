import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { type HubRepo, memoryFile } from '../../../test/support/hub/files';
import { type Hub, startHub } from '../../../test/support/hub/hub';
import { goldenFiles, hastyConnection } from '../../../test/support/hub/hubServer';
import { planModel } from '../prepare/plan';
import { canonicalName, parseModelName } from './modelName';
import { findModel, type Source } from './source';

let hub: Hub;

function empty(id: string, paths: Record<string, number>): HubRepo {
  return { id, files: Object.entries(paths).map(([path, size]) => memoryFile(path, new Uint8Array(size))) };
}

beforeAll(async () => {
  const golden = await goldenFiles('sd15');
  hub = await startHub({
    pageSize: 4,
    moved: { 'old/name': 'golden/sd15' },
    repos: [
      { id: 'golden/sd15', files: golden },
      { id: 'stable-diffusion-v1-5/stable-diffusion-v1-5', files: golden },
      { id: 'some/gated', files: golden, gatedBy: 'hf_right' },
      { id: 'some/private', files: golden, privateTo: 'hf_right' },
      empty('some/lora', { 'README.md': 2, 'my-lora-v1.safetensors': 9 }),
      empty('some/gguf', { 'README.md': 2, 'sd-Q4_0.gguf': 9, 'sd-Q8_0.gguf': 9 }),
      empty('some/words', { 'config.json': 2, 'tokenizer.json': 2, 'model.safetensors.index.json': 9 }),
      empty('some/flux', { 'model_index.json': 2, 'transformer/config.json': 2, 'vae/config.json': 2 }),
      empty('some/variants', {
        'unet/diffusion_pytorch_model.safetensors': 40,
        'unet/diffusion_pytorch_model.fp16.safetensors': 20,
        'unet/diffusion_pytorch_model.non_ema.safetensors': 40,
        'unet/diffusion_pytorch_model.bin': 41,
        'unet/diffusion_pytorch_model.fp16.bin': 21,
        'vae/diffusion_pytorch_model.bin': 11,
        'vae/diffusion_pytorch_model.fp16.bin': 6,
        'text_encoder/model-00001-of-00002.safetensors': 7,
        'text_encoder/model-00002-of-00002.safetensors': 7,
        'text_encoder/model.safetensors': 14,
        'text_encoder/model.safetensors.index.json': 3,
        'text_encoder/flax_model.msgpack': 14,
        'v1-5-pruned.safetensors': 77,
      }),
      empty('some/Realistic_Vision', {
        'unet/diffusion_pytorch_model.bin': 40,
        'vae/diffusion_pytorch_model.bin': 11,
        'text_encoder/pytorch_model.bin': 15,
        'Realistic-fp16-no-ema.safetensors': 33,
        'Realistic-fp16-no-ema-inpainting.safetensors': 33,
        'Realistic.safetensors': 60,
        'Realistic-inpainting.safetensors': 60,
        'some-lora.safetensors': 1,
      }),
    ],
  });
});
afterAll(() => hub.close());
afterEach(() => {
  vi.unstubAllGlobals();
});

const find = (name: string, token?: string) =>
  findModel(name, hastyConnection(hub.url, token === undefined ? {} : { token }), hub.url);

describe('names of models', () => {
  it('tells ids, repositories, files and folders apart', () => {
    expect(parseModelName('owner/name@v1.0')).toEqual({ kind: 'hub', id: 'owner/name', revision: 'v1.0' });
    expect(parseModelName('https://huggingface.co/owner/name/tree/fp16')).toEqual({
      kind: 'hub',
      id: 'owner/name',
      revision: 'fp16',
    });
    expect(parseModelName('https://hf.co/owner/name/blob/main/sub/x.ckpt?download=true')).toEqual({
      kind: 'hub',
      id: 'owner/name',
      revision: 'main',
      file: 'sub/x.ckpt',
    });
    expect(parseModelName('owner/name@v1/sub/x.safetensors')).toEqual({
      kind: 'hub',
      id: 'owner/name',
      revision: 'v1',
      file: 'sub/x.safetensors',
    });
    expect(parseModelName('https://example.org/x.safetensors')).toEqual({
      kind: 'file',
      url: 'https://example.org/x.safetensors',
    });
    expect(parseModelName('http://localhost:1/models/tiny')).toEqual({
      kind: 'folder',
      url: 'http://localhost:1/models/tiny/',
    });
  });

  it('takes a name as people copy it', () => {
    const model = { kind: 'hub', id: 'owner/name', revision: 'main' };
    const hub = 'https://huggingface.co/owner/name';
    for (const name of [
      '"owner/name"',
      ' `owner/name/` ',
      `<${hub}/>`,
      `${hub}/discussions/3`,
      `${hub}/blob/main/model_index.json`,
      `${hub}/tree/main/unet`,
      'owner/name/tree/main',
      'https:/huggingface.co/owner/name',
    ])
      expect(parseModelName(name), name).toEqual(model);
    expect(parseModelName(`${hub}/commit/0123abc`)).toEqual({ ...model, revision: '0123abc' });
    expect(parseModelName(`${hub}/resolve/main/x.safetensors/ `)).toEqual({
      ...model,
      file: 'x.safetensors',
    });
    const file = 'https://example.org/x.safetensors';
    expect(parseModelName(` ${file}/ `)).toEqual({ kind: 'file', url: file });
    expect(parseModelName(`${file}?token=1`)).toEqual({ kind: 'file', url: `${file}?token=1` });
    expect(parseModelName('https://example.org/sd/model_index.json')).toEqual({
      kind: 'folder',
      url: 'https://example.org/sd/',
    });
  });

  it.each([
    ['https://huggingface.co/datasets/owner/name', /leads to a data set; open a model’s own page/],
    ['https://huggingface.co/spaces/owner/name', /leads to a Space/],
    ['https://huggingface.co/runwayml', /leads to the page of an account/],
    ['https://huggingface.co/models?search=inpainting', /leads to a list of models/],
    ['https://huggingface.co/', /leads to no model/],
    [
      'https://huggingface.co/owner/name/blob/main/sd-Q4_0.gguf',
      /sd-Q4_0.gguf is a GGUF file.*use a \.safet/,
    ],
    ['owner/name/sd-Q4_0.gguf', /is a GGUF file/],
    ['https://example.org/sd-Q4_0.gguf', /is a GGUF file/],
    [
      'https://huggingface.co/owner/name/blob/main/README.md',
      /not a file of weights; .*"owner\/name" as a whole/,
    ],
    ['https://example.org/model.zip', /not a file of weights; .*a folder in the diffusers layout/],
    ['SD-Turbo', /neither a Hugging Face id .*; did you mean "stabilityai\/sd-turbo"\?/],
    ['C:\\models\\x.safetensors', /looks like a path on a disk: on the page, open the file/],
    ['~/models/sd15', /looks like a path on a disk/],
    ['https://example.org/100%.ckpt', /a percent sign that stands for no character/],
  ])('says of %s what it is, and what to name instead', (name, message) => {
    expect(() => parseModelName(name)).toThrow(message);
  });

  it.each([
    'name',
    'a/b/c',
    'owner/name@',
    'owner/na me',
    'https://huggingface.co/datasets/x',
    'https://huggingface.co/x/%',
    '../x/y',
  ])('refuses %j by the name of the field', (name) => {
    expect(() => parseModelName(name)).toThrow(/model_name/);
  });

  it('gives every way to name a model one key', () => {
    const key = 'stable-diffusion-v1-5/stable-diffusion-v1-5';
    for (const name of ['runwayml/stable-diffusion-v1-5', `https://huggingface.co/${key}`, `${key}@main`]) {
      expect(canonicalName(name)).toBe(key);
    }
    expect(canonicalName('runwayml/stable-diffusion-v1-5@fp16')).toBe(`${key}@fp16`);
  });
});

describe('findModel', () => {
  it('lists every page, with sizes and digests, pinned to the commit', async () => {
    const source = await find('golden/sd15');
    expect(source.files).toHaveLength(12);
    const unet = source.files.find(({ path }) => path === 'unet/diffusion_pytorch_model.safetensors');
    expect(unet).toMatchObject({ sha256: expect.stringMatching(/^[0-9a-f]{64}$/) });
    expect(unet?.at).toEqual({ url: `${hub.url}/golden/sd15/resolve/${source.commit}/${unet?.path}` });
    expect(source.files.find(({ path }) => path === 'model_index.json')?.gitOid).toMatch(/^[0-9a-f]{40}$/);
    expect(hub.log.filter(({ url }) => url.includes('cursor=')).length).toBeGreaterThan(1);
  });

  it('follows renamed repositories, and knows removed ones', async () => {
    const renamed = await find('old/name');
    expect(renamed.files).toHaveLength(12);
    expect(renamed).toMatchObject({ location: 'golden/sd15', notes: ['old/name is called golden/sd15 now'] });
    const moved = await find('runwayml/stable-diffusion-v1-5');
    expect(moved.location).toBe('stable-diffusion-v1-5/stable-diffusion-v1-5');
    expect(moved.notes[0]).toMatch(/runwayml.* was removed from the Hub/);
  });

  it.each([
    [
      'stabilityai/stable-difusion',
      'model_name',
      /no model "stabilityai\/stable-difusion".*typing error.*private/,
    ],
    ['golden/sd15@nope', 'model_name', /golden\/sd15 has no revision "nope"; leave it out for the newest/],
    ['some/gated', 'hub_token', /some\/gated is gated: accept its terms.*token/],
    ['some/private', 'model_name', /no model "some\/private".*If it is private, enter a token/],
  ])('says of %s what was not found', async (name, field, message) => {
    await expect(find(name)).rejects.toMatchObject({
      name: 'InputError',
      field,
      message: expect.stringMatching(message),
    });
  });

  it('names a file that the repository lacks, and those that it has', async () => {
    await expect(find('some/Realistic_Vision@main/Realistic.ckpt')).rejects.toThrow(
      /no file "Realistic\.ckpt" at revision "main"; it has .*Realistic\.safetensors/,
    );
    await expect(find(`${hub.url}/golden/sd15/resolve/main/nope.ckpt`)).rejects.toThrow(
      /no file "nope.ckpt"/,
    );
  });

  it('opens gated and private models with the token', async () => {
    await expect(find('some/private')).rejects.toMatchObject({ mayNeedToken: true });
    expect((await find('some/gated', 'hf_right')).files).toHaveLength(12);
    expect((await find('some/private', 'hf_right')).files).toHaveLength(12);
    await expect(find('golden/sd15', 'right')).rejects.toMatchObject({
      field: 'hub_token',
      message: expect.stringMatching(/does not begin with "hf_".*settings\/tokens/),
    });
    await expect(find('some/private', 'hf_wrong')).rejects.toMatchObject({
      message: expect.stringMatching(/no model "some\/private"/),
      mayNeedToken: false,
    });
  });

  it('sends the token to the hub alone, even where a listing leads elsewhere', async () => {
    const seen: [string, string | null][] = [];
    const lying: typeof fetch = async (input, init) => {
      const url = String(input instanceof Request ? input.url : input);
      seen.push([new URL(url).host, new Headers(init?.headers).get('Authorization')]);
      if (url.includes('elsewhere')) return Response.json([]);
      const answer = await fetch(input, init);
      if (!url.includes('/tree/')) return answer;
      const headers = new Headers(answer.headers);
      headers.set('Link', '<https://elsewhere.example/api?cursor=1>; rel="next"');
      return new Response(answer.body, { status: answer.status, headers });
    };
    await findModel('golden/sd15', hastyConnection(hub.url, { token: 'hf_right', fetch: lying }), hub.url);
    expect(seen.find(([host]) => host === 'elsewhere.example')).toEqual(['elsewhere.example', null]);
    expect(seen[0]?.[1]).toBe('Bearer hf_right');
  });

  it('asks again after 429 and 503, and gives up with a word', async () => {
    hub.faults.add({ kind: 'status', status: 429, retryAfter: '3', path: '/tree/', times: 1 });
    hub.faults.add({ kind: 'status', status: 503, path: '/revision/', times: 2 });
    const refusals: Response[] = [];
    const watched: typeof fetch = async (...asked) => {
      const answer = await fetch(...asked);
      if (!answer.ok) refusals.push(answer);
      return answer;
    };
    const connection = hastyConnection(hub.url, { fetch: watched });
    expect((await findModel('golden/sd15', connection, hub.url)).files).toHaveLength(12);
    expect(connection.waits).toEqual([500, 1000, 3000]);
    // An unread body would hold its connection.
    expect(refusals.map(({ body, bodyUsed }) => body === null || bodyUsed)).toEqual([true, true, true]);
    hub.faults.add({ kind: 'status', status: 503, path: '/revision/' });
    await expect(find('golden/sd15')).rejects.toMatchObject({
      name: 'NetworkError',
      message: expect.stringMatching(/answered 503, 5 times/),
    });
    hub.faults.clear();
  });

  it('finds a folder and a file on a plain web server', async () => {
    const folder = await find(`${hub.contentUrl}/plain/golden/sd15`);
    expect(planModel(folder, 'fp32').components.map(({ folder }) => folder)).toEqual([
      'text_encoder',
      'unet',
      'vae',
    ]);
    const file = await find(`${hub.contentUrl}/plain/some/Realistic_Vision/Realistic.safetensors`);
    expect(planModel(file, 'fp16').single?.file).toMatchObject({ path: 'Realistic.safetensors', size: 60 });
    await expect(find(`${hub.contentUrl}/plain/nobody/nothing/`)).rejects.toThrow(/holds no model/);
  });

  it('asks a server that does not answer for one file, and names the rules of browsers there', async () => {
    vi.stubGlobal('location', new URL('https://page.example/'));
    let asked = 0;
    const silent: typeof fetch = async () => {
      asked++;
      throw new TypeError('Failed to fetch');
    };
    const connection = hastyConnection(hub.url, { fetch: silent });
    const folder = findModel('https://elsewhere.example/sd', connection, hub.url);
    await expect(folder).rejects.toThrow(
      /elsewhere\.example could not be reached .* \(CORS\).*open it from the disk/,
    );
    expect(asked).toBe(5);
    await expect(findModel('golden/sd15', connection, hub.url)).rejects.toThrow(
      /check your connection and try/,
    );
  });

  it('knows without asking that a page from https: may not read http:, but for its own machine', async () => {
    vi.stubGlobal('location', new URL('https://page.example/'));
    const url = 'http://elsewhere.example/x.safetensors';
    await expect(find(url)).rejects.toThrow(
      /begins with http:, which a page from an https: address may not read/,
    );
    await expect(find(`${hub.contentUrl}/plain/golden/sd15`)).resolves.toMatchObject({ notes: [] });
  });

  it('offline, says so at once, not after five tries', async () => {
    const asked: unknown[] = [];
    const connection = {
      ...hastyConnection('http://127.0.0.1:9'),
      fetch: async (input: unknown) => {
        asked.push(input);
        throw new TypeError('Failed to fetch');
      },
    };
    vi.stubGlobal('navigator', { onLine: false });
    await expect(findModel('golden/sd15', connection, 'http://127.0.0.1:9')).rejects.toMatchObject({
      name: 'NetworkError',
      message: expect.stringMatching(/^this device is offline: .* The starter and models that are kept work/),
    });
    expect(asked).toHaveLength(1);
    vi.unstubAllGlobals();
  });

  it.each(['https://civitai.com/models/4384/dreamshaper', 'civitai.com/models/4384'])(
    '%s is a page whose files no other page may read',
    async (name) => {
      await expect(find(name)).rejects.toThrow(/download the file there and drop it here/);
    },
  );

  it('says which server does not answer', async () => {
    const connection = hastyConnection('http://127.0.0.1:9');
    await expect(findModel('golden/sd15', connection, 'http://127.0.0.1:9')).rejects.toMatchObject({
      name: 'NetworkError',
      message: expect.stringMatching(/127\.0\.0\.1:9 could not be reached/),
    });
  });
});

describe('planModel', () => {
  const chosen = async (name: string, precision: 'fp16' | 'fp32', change = (source: Source) => source) => {
    const plan = planModel(change(await find(name)), precision);
    return plan.single?.file.path ?? plan.components.flatMap(({ files }) => files.map(({ path }) => path));
  };

  it('prefers the precision, then safetensors, then shards', async () => {
    const text = [
      'text_encoder/model-00001-of-00002.safetensors',
      'text_encoder/model-00002-of-00002.safetensors',
    ];
    expect(await chosen('some/variants', 'fp16')).toEqual([
      ...text,
      'unet/diffusion_pytorch_model.fp16.safetensors',
      'vae/diffusion_pytorch_model.fp16.bin',
    ]);
    // The autoencoder of SDXL, which has a second text encoder, is stored in fp32.
    const asXl = (source: Source) => ({
      ...source,
      files: source.files.flatMap((file) => [
        file,
        ...(file.path.startsWith('text_encoder/')
          ? [{ ...file, path: file.path.replace('text_encoder/', 'text_encoder_2/') }]
          : []),
      ]),
    });
    expect(await chosen('some/variants', 'fp16', asXl)).toContain('vae/diffusion_pytorch_model.bin');
  });

  it('takes a single safetensors file before a folder of pickles', async () => {
    // The autoencoder of some/variants is a pickle in either precision.
    expect(await chosen('some/variants', 'fp32')).toBe('v1-5-pruned.safetensors');
    expect(await chosen('some/Realistic_Vision', 'fp16')).toBe('Realistic-fp16-no-ema.safetensors');
    expect(await chosen('some/Realistic_Vision', 'fp32')).toBe('Realistic.safetensors');
  });

  it('takes the file that was named', async () => {
    const named = `${hub.url}/some/Realistic_Vision/blob/main/Realistic-inpainting.safetensors`;
    expect(await chosen(named, 'fp16')).toBe('Realistic-inpainting.safetensors');
  });

  it('says which files it chose and how large they are', async () => {
    const plan = planModel(await find('golden/sd15'), 'fp32');
    expect(plan.notes.at(-1)).toBe(
      'from golden/sd15: text_encoder/model.safetensors, unet/diffusion_pytorch_model.safetensors, ' +
        'vae/diffusion_pytorch_model.safetensors',
    );
    const weights = plan.components.flatMap(({ files }) => files);
    expect(plan.downloadBytes).toBe([...weights, ...plan.small].reduce((sum, { size }) => sum + size, 0));
  });

  it('names what it cannot run', async () => {
    await expect(chosen('some/flux', 'fp16')).rejects.toThrow(
      /"some\/flux" is a diffusion transformer \(Flux/,
    );
    await expect(chosen('some/lora', 'fp16')).rejects.toThrow(
      /"some\/lora" is a LoRA.*add this one as its LoRA/,
    );
    await expect(chosen('some/gguf', 'fp16')).rejects.toThrow(/"some\/gguf" holds GGUF files/);
    await expect(chosen('some/words', 'fp16')).rejects.toThrow(
      /"some\/words" holds no model that Inlay reads/,
    );
  });
});
