import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { codeLanguages, codeWarning, IMAGE_URL, MASK_URL, requestCode } from './requestCode';
import { checkSettings, initialSettings } from './settings';

const defaults = {
  ...initialSettings,
  num_inference_steps: '30',
  guidance_scale: '7.5',
};
function checked(changed: Partial<typeof defaults> = {}) {
  const { checked: settings } = checkSettings({ ...defaults, model_name: 'owner/name', ...changed });
  if (!settings) throw new Error('the settings of a test are right');
  return settings;
}

const nasty = [
  `it's "quoted" and 'single' and '''three''' and """three"""`,
  'two\nlines\r\nand\ttabs',
  'unicode: 狐 🦊 é \u2028 \u2029 \u0085 \u0007',
  '$HOME $(touch pwned) `touch pwned` !! %s {0} \\ \\n \\u0041 \\',
  "'; touch pwned; echo '",
  '{"a": 1}, #no comment // nor this */',
];

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'inlay-code-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function run(command: string, args: string[], input?: string): string {
  return execFileSync(command, args, {
    cwd: folder,
    encoding: 'utf8',
    ...(input !== undefined && { input }),
  });
}

/** Runs each program with a stand-in for the client and returns the arguments that it got. */
const receivers = {
  cURL(code: string): unknown {
    // The function stands in for curl and writes its arguments, NUL between them.
    const printed = run('sh', ['-s'], `curl() { printf '%s\\0' "$@"; }\nFAL_KEY=marker\n${code}\n`);
    const args = printed.split('\0');
    expect(args.slice(0, 8)).toEqual([
      ...['--request', 'POST', '--url', 'https://fal.run/fal-ai/inpaint'],
      ...['--header', 'Authorization: Key marker', '--header', 'Content-Type: application/json'],
    ]);
    expect(args[8]).toBe('--data');
    expect(args).toHaveLength(11);
    return JSON.parse(args[9] ?? '');
  },
  Python(code: string): unknown {
    const stub =
      'import json\nclass InProgress: pass\ndef subscribe(name, arguments, with_logs, on_queue_update):\n' +
      '    assert name == "fal-ai/inpaint" and with_logs\n    open("received.json", "w").write(json.dumps(arguments))\n';
    writeFileSync(join(folder, 'fal_client.py'), stub);
    writeFileSync(join(folder, 'main.py'), code);
    run('python3', ['main.py']);
    return JSON.parse(readFileSync(join(folder, 'received.json'), 'utf8'));
  },
  JavaScript(code: string): unknown {
    writeFileSync(
      join(folder, 'client.mjs'),
      'import { writeFileSync } from "node:fs";\nexport const fal = { subscribe: async (name, { input, onQueueUpdate }) => {\n' +
        'onQueueUpdate({ status: "IN_PROGRESS", logs: [{ message: "hello" }] });\n' +
        'writeFileSync("received.json", JSON.stringify([name, input])); return { data: 1, requestId: 2 }; } };',
    );
    writeFileSync(join(folder, 'main.mjs'), code.replace('"@fal-ai/client"', '"./client.mjs"'));
    expect(run(process.execPath, ['main.mjs'])).toBe('hello\n1\n2\n');
    const [name, input] = JSON.parse(readFileSync(join(folder, 'received.json'), 'utf8'));
    expect(name).toBe('fal-ai/inpaint');
    return input;
  },
};

const hasPython = spawnSync('python3', ['--version']).status === 0;

describe.each(codeLanguages)('%s', (language) => {
  it.skipIf(language === 'Python' && !hasPython)('sends exactly what was typed, whatever it is', () => {
    const prompt = nasty.join('\n');
    const settings = checked({ prompt, negative_prompt: nasty.toReversed().join(' '), seed: '1234' });
    const { model_name, negative_prompt, num_inference_steps, guidance_scale, seed } = settings;
    expect(receivers[language](requestCode(language, settings))).toEqual({
      ...{ model_name, prompt, negative_prompt, num_inference_steps, guidance_scale, seed },
      image_url: IMAGE_URL,
      mask_url: MASK_URL,
    });
    expect(() => readFileSync(join(folder, 'pwned'))).toThrow('ENOENT');
  });

  it('leaves out what is blank', () => {
    const code = requestCode(language, checked());
    expect(code).not.toContain('negative_prompt');
    expect(code).not.toContain('seed');
    expect(code).toMatch(/"?guidance_scale"?: 7\.5/);
  });
});

it('looks as in the playground', () => {
  expect(requestCode('cURL', checked({ prompt: "a cat's toy", seed: '3' }))).toBe(`curl --request POST \\
  --url https://fal.run/fal-ai/inpaint \\
  --header "Authorization: Key $FAL_KEY" \\
  --header "Content-Type: application/json" \\
  --data '{
     "model_name": "owner/name",
     "prompt": "a cat'\\''s toy",
     "image_url": "${IMAGE_URL}",
     "mask_url": "${MASK_URL}",
     "num_inference_steps": 30,
     "guidance_scale": 7.5,
     "seed": 3
   }'`);
});

it('says what the hosted API would not take', () => {
  expect(codeWarning(checked())).toBeNull();
  expect(codeWarning(checked({ model_name: 'starter' }))).toContain('can’t use');
  expect(codeWarning(checked({ model_name: 'disk:mine' }))).toContain('can’t use');
  expect(codeWarning(checked({ loras: [{ id: 1, source: 'a/b', weight: '' }] }))).toContain('LoRAs');
  expect(codeWarning(checked({ scheduler: 'Euler', strength: '0.5' }))).toContain(': Scheduler, Strength.');
  expect(codeWarning(checked({ variations: '2', colour_match: false }))).toBeNull();
  const embeddings = [{ id: 1, source: 'a/b', token: '' }];
  expect(codeWarning(checked({ embeddings }))).toBe(
    'Left out, because the hosted API has no such option: Embeddings.',
  );
});
