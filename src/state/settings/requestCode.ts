/** The present settings as code for the hosted API, in the three forms that its playground shows. */
import type { InpaintRequest } from '../../contract/schema';
import { STARTER } from '../models/modelCatalogue';
import type { CheckedSettings } from './settings';

export const codeLanguages = ['cURL', 'Python', 'JavaScript'] as const;
export type CodeLanguage = (typeof codeLanguages)[number];

type Arguments = Partial<InpaintRequest>;

/** What stands for the pictures, which lie in this page and have no address. */
export const PICTURE_ADDRESS = 'https://example.com/picture.png';
export const MASK_ADDRESS = 'https://example.com/mask.png';

/** @returns a program that sends these settings; values are escaped as the language needs it */
export function requestCode(language: CodeLanguage, settings: CheckedSettings): string {
  const { model_name, prompt, negative_prompt, num_inference_steps, guidance_scale, seed } = settings;
  const values: Arguments = {
    model_name,
    prompt,
    ...(negative_prompt !== '' && { negative_prompt }),
    image_url: PICTURE_ADDRESS,
    mask_url: MASK_ADDRESS,
    num_inference_steps,
    guidance_scale,
    ...(seed !== undefined && { seed }),
  };
  switch (language) {
    case 'cURL':
      return curl(values);
    case 'Python':
      return python(values);
    case 'JavaScript':
      return javaScript(values);
    default:
      throw new TypeError(`unknown language ${language satisfies never}`);
  }
}

/** What the hosted API would not take of these settings, as a sentence; null where it takes all. */
export function codeWarning({ model_name, loras, embeddings }: CheckedSettings): string | null {
  if (model_name === STARTER || model_name.startsWith('disk:')) {
    return 'The hosted API cannot reach this model: choose one of the Hub.';
  }
  const left = [...(loras.length > 0 ? ['LoRAs'] : []), ...(embeddings.length > 0 ? ['embeddings'] : [])];
  return left.length > 0 ? `The hosted API has no ${left.join(' and no ')}: they are left out.` : null;
}

function curl(values: Arguments): string {
  const body = `{\n${lines(values, '     ', (name) => JSON.stringify(name))}\n   }`;
  return `curl --request POST \\
  --url https://fal.run/fal-ai/inpaint \\
  --header "Authorization: Key $FAL_KEY" \\
  --header "Content-Type: application/json" \\
  --data ${shellQuoted(body)}`;
}

/** Within single quotes a POSIX shell leaves everything as it is but the quote itself. */
function shellQuoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

function python(values: Arguments): string {
  return `import fal_client

def on_queue_update(update):
    if isinstance(update, fal_client.InProgress):
        for log in update.logs:
            print(log["message"])

result = fal_client.subscribe(
    "fal-ai/inpaint",
    arguments={
${lines(values, '        ', (name) => JSON.stringify(name))}
    },
    with_logs=True,
    on_queue_update=on_queue_update,
)
print(result)`;
}

function javaScript(values: Arguments): string {
  return `import { fal } from "@fal-ai/client";

const result = await fal.subscribe("fal-ai/inpaint", {
  input: {
${lines(values, '    ', (name) => name)}
  },
  logs: true,
  onQueueUpdate: (update) => {
    if (update.status === "IN_PROGRESS") {
      update.logs.map((log) => log.message).forEach((message) => console.log(message));
    }
  },
});
console.log(result.data);
console.log(result.requestId);`;
}

/** JSON's strings and numbers mean the same in Python and in JavaScript (since ES2019, U+2028 included). */
function lines(values: Arguments, indent: string, key: (name: string) => string): string {
  return Object.entries(values)
    .map(([name, value]) => `${indent}${key(name)}: ${JSON.stringify(value)}`)
    .join(',\n');
}
