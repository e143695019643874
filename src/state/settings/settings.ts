/** The run options as the user types them, and their check against the contract. */
import { offerOf } from '../../contract/catalogue';
import { apiDefaults } from '../../contract/modelSettings';
import {
  defaultOf,
  kindOf,
  localOptions,
  type OptionValues,
  optionFields,
  optionRows,
  pickOptions,
  rangeOf,
  reasonUnused,
  requestOptions,
} from '../../contract/options';
import { type LocalOptions, localOptionsSchema, pageOptionsSchema } from '../../contract/schema';
import type { CropPlan } from '../../image/crop';
import { checkModelName, STARTER } from '../models/modelCatalogue';
import { namedAddOns } from './addOns';
import { type EmbeddingSetting, embeddingProblem, enteredEmbeddings } from './embeddings';
import { enteredLoras, type LoraSetting, loraProblem } from './loras';

/** An option as its field holds it: numbers as text, since what was typed stays until it is corrected. */
type AsTyped<Value> =
  NonNullable<Value> extends number ? string : undefined extends Value ? NonNullable<Value> | '' : Value;
type Fields = Omit<OptionValues, 'width' | 'height' | 'loras' | 'embeddings'>;

/** All that the panel sets, by the contract's names. */
export type Settings = { [Field in keyof Fields]-?: AsTyped<Fields[Field]> } & {
  loras: readonly LoraSetting[];
  embeddings: readonly EmbeddingSetting[];
};
export type SettingsField = keyof Settings;
export type FieldErrors = Partial<Record<SettingsField, string>>;

/** The size follows from the crop: the page has no fields for it. */
export const settingsFields = optionFields.filter(
  (field): field is SettingsField => field !== 'width' && field !== 'height',
);

export function isSettingsField(name: string): name is SettingsField {
  return settingsFields.some((field) => field === name);
}

const { loras, embeddings } = localOptions.shape;
const settingsSchema = requestOptions.extend({
  ...localOptions.omit({ width: true, height: true }).shape,
  ...pageOptionsSchema.shape,
  loras: loras.unwrap(),
  embeddings: embeddings.unwrap(),
});
/** The settings as the contract takes them. */
export type CheckedSettings = ReturnType<typeof settingsSchema.parse>;

/** Values as the fields hold them. */
export function asTyped(values: Partial<Fields>): Partial<Settings> {
  const entries = Object.entries(values).map(([field, value]) => [
    field,
    typeof value === 'number' ? String(value) : (value ?? ''),
  ]);
  return Object.fromEntries(entries);
}

/** The page begins with the starter model, at the settings that suit it. */
const starting = offerOf(STARTER)?.settings ?? apiDefaults;
const defaults = Object.fromEntries(settingsFields.map((field) => [field, defaultOf(field)]));
export const initialSettings = {
  ...asTyped(defaults),
  ...asTyped({ ...starting, model_name: STARTER, prompt: '' }),
  loras: [],
  embeddings: [],
} as unknown as Settings;

/** What “More settings” shows. */
export const moreSettings = settingsFields.filter((field) => optionRows[field].control?.at === 'more');

/** How many of those are set to something. */
export function changedMoreSettings(settings: Settings): number {
  return moreSettings.filter((field) => isChanged(settings, field)).length;
}

function isChanged(settings: Settings, field: SettingsField): boolean {
  const { [field]: value } = settings;
  return Array.isArray(value) ? namedAddOns(value).length > 0 : value !== initialSettings[field];
}

/** Settings as the hosted API takes them: options that it lacks count as untouched. */
export function apiSettings(settings: Settings): Settings {
  const lacking = settingsFields.filter((field) => optionRows[field].hostedReason !== undefined);
  const untouched = lacking.map((field) => [field, initialSettings[field]]);
  return { ...settings, ...Object.fromEntries(untouched) };
}

/** @returns the options, or what is wrong with each field that is */
export function checkSettings(
  settings: Settings,
): { checked: CheckedSettings; errors?: undefined } | { checked?: undefined; errors: FieldErrors } {
  const values = settingsFields.map((field) => [field, contentOf(settings, field)]);
  const parsed = settingsSchema.safeParse({
    ...Object.fromEntries(values),
    loras: enteredLoras(settings.loras),
    embeddings: enteredEmbeddings(settings.embeddings),
  });
  const errors: FieldErrors = {};
  const model = checkModelName(settings.model_name);
  if (model) errors.model_name = model;
  for (const issue of parsed.error?.issues ?? []) {
    const [field = ''] = issue.path;
    if (typeof field !== 'string' || !isSettingsField(field))
      throw new TypeError(`${String(field)} is checked`);
    errors[field] ??= problemWith(field, issue);
  }
  if (Object.keys(errors).length > 0 || !parsed.success) return { errors };
  return { checked: parsed.data };
}

function problemWith(field: SettingsField, issue: { path: PropertyKey[]; message: string }): string {
  if (field === 'loras') return loraProblem(issue);
  if (field === 'embeddings') return embeddingProblem(issue);
  const { label, whenEmpty } = optionRows[field];
  return `${label} ${issue.message}.${whenEmpty === undefined ? '' : ` ${whenEmpty}`}`;
}

/** A field's content as the schema reads it; undefined if it is empty, NaN if it is not a number. */
function contentOf(settings: Settings, field: SettingsField): unknown {
  const { [field]: typed } = settings;
  switch (kindOf(field)) {
    case 'number':
      return typeof typed === 'string' && typed.trim() !== '' ? Number(typed) : undefined;
    case 'choice':
      return typed === '' ? undefined : typed;
    default:
      return typed;
  }
}

/** The local options of a run: the size at which the model works follows from the crop. */
export function localOptionsOf(
  checked: CheckedSettings,
  { size, ownScale }: Pick<CropPlan, 'size' | 'ownScale'>,
): LocalOptions {
  const { loras, embeddings, ...others } = pickOptions('local', checked);
  return localOptionsSchema.parse({
    // Without one it is the image's own, whatever that is.
    ...(!ownScale && size),
    ...others,
    ...(loras.length > 0 && { loras }),
    ...(embeddings.length > 0 && { embeddings }),
  });
}

/** The padding as far as it is valid: for the frame that is shown while the user types. */
export function paddingOf({ crop_padding }: Pick<Settings, 'crop_padding'>): number | null {
  const { min, max } = rangeOf('crop_padding');
  const padding = crop_padding.trim() === '' ? Number.NaN : Number(crop_padding);
  return Number.isInteger(padding) && padding >= min && padding <= max ? padding : null;
}

/** Why a setting makes no difference for this model, or at the others' values; null if it does. */
export function idleReason(settings: Settings, field: SettingsField): string | null {
  const { idle } = optionRows[field];
  const unused = reasonUnused(field, settings.model_name);
  if (unused !== undefined) return unused;
  if (!idle || !isSettingsField(idle.field)) return null;
  const value = contentOf(settings, idle.field) ?? defaultOf(idle.field);
  return value === idle.at ? idle.reason : null;
}
