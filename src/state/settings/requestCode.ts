/** The current settings as code for the hosted API, in the three languages that its playground shows. */
import { fieldsIn, optionRows, pickOptions } from '../../contract/options';
import { inpaintRequestSchema } from '../../contract/schema';
import { taskOf } from '../../contract/tasks';
import { STARTER } from '../models/modelCatalogue';
import { type CheckedSettings, checkSettings, initialSettings } from './settings';

export const codeLanguages = ['cURL', 'Python', 'JavaScript'] as const;
export type CodeLanguage = (typeof codeLanguages)[number];

/** The request's fields, in the API's order. */
type Arguments = Readonly<Record<string, unknown>>;

/** Stand-ins for the image and its mask, which exist only in this page. */
export const IMAGE_URL = 'https://example.com/image.png';
export const MASK_URL = 'https://example.com/mask.png';

/** @returns a program that sends these settings, with values escaped for its language */
export function requestCode(language: CodeLanguage, settings: CheckedSettings): string {
  const given: Arguments = {
    ...pickOptions('request', settings),
    image_url: IMAGE_URL,
    mask_url: MASK_URL,
    negative_prompt: settings.negative_prompt || undefined,
  };
  const values = Object.fromEntries(
    Object.keys(inpaintRequestSchema.shape).flatMap((field) =>
      given[field] === undefined ? [] : [[field, given[field]]],
    ),
  );
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

/** What the hosted API would not take of these settings, as a sentence; null if it takes all of them. */
export function codeWarning(settings: CheckedSettings): string | null {
  const { model_name } = settings;
  if (model_name === STARTER || taskOf(model_name) === 'remove' || model_name.startsWith('disk:')) {
    return 'The hosted API can’t use this model. Choose a model from Hugging Face.';
  }
  const lacking = [...fieldsIn('local'), ...fieldsIn('page')].flatMap((field) => {
    const { hostedReason, label } = optionRows[field];
    return hostedReason !== undefined && isSet(settings, field as keyof CheckedSettings) ? [label] : [];
  });
  return lacking.length > 0
    ? `Left out, because the hosted API has no such option: ${lacking.join(', ')}.`
    : null;
}

const { checked: untouched } = checkSettings(initialSettings);

function isSet(settings: CheckedSettings, field: keyof CheckedSettings): boolean {
  const { [field]: value } = settings;
  return Array.isArray(value) ? value.length > 0 : value !== untouched?.[field];
}

function curl(values: Arguments): string {
  const body = `{\n${lines(values, '     ', (name) => JSON.stringify(name))}\n   }`;
  return `curl --request POST \\
  --url https://fal.run/fal-ai/inpaint \\
  --header "Authorization: Key $FAL_KEY" \\
  --header "Content-Type: application/json" \\
  --data ${shellQuoted(body)}`;
}

/** In single quotes a POSIX shell takes everything literally except the quote itself. */
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

/** JSON strings and numbers mean the same in Python and in JavaScript (since ES2019 also with U+2028). */
function lines(values: Arguments, indent: string, key: (name: string) => string): string {
  return Object.entries(values)
    .map(([name, value]) => `${indent}${key(name)}: ${JSON.stringify(value)}`)
    .join(',\n');
}
