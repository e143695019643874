/** The run options that have standard controls on the page, with all that a control needs. */
import { type Choice, defaultOf, kindOf, optionRows, rangeOf } from '../../contract/options';
import { type Settings, type SettingsField, settingsFields } from './settings';

/** Settings whose fields hold this kind of value. */
type Holding<Value> = {
  [Field in SettingsField]: Settings[Field] extends Value ? Field : never;
}[SettingsField];
type ToggleSetting = Holding<boolean>;
export type TextSetting = Exclude<Holding<string>, ToggleSetting>;

interface Shared {
  label: string;
  /** Shown instead of the label in narrow places. */
  shortLabel: string | undefined;
  note: string | undefined;
  /** Why it cannot be set for the hosted API. */
  hostedReason: string | undefined;
}
export interface NumberControl extends Shared {
  kind: 'number';
  field: TextSetting;
  min: number;
  max: number;
  step: number | 'any';
  placeholder: string;
}
export interface ToggleControl extends Shared {
  kind: 'toggle';
  field: ToggleSetting;
}
export interface ChoiceControl extends Shared {
  kind: 'choice';
  field: TextSetting;
  choices: readonly Choice[];
}
/** A list of entries: no standard control fits it. */
export interface ListControl extends Shared {
  kind: 'list';
  field: 'loras' | 'embeddings';
}
export type OptionControl = NumberControl | ToggleControl | ChoiceControl | ListControl;

/** Controls side by side. */
export interface ControlLine {
  width: 'third' | 'half' | 'full';
  controls: readonly OptionControl[];
}

/** @returns the controls of the panel itself or of “More settings”, as many to a line as their rows say */
export function controlLines(at: 'panel' | 'more'): ControlLine[] {
  const lines: { width: ControlLine['width']; controls: OptionControl[] }[] = [];
  for (const field of settingsFields) {
    const { control } = optionRows[field];
    if (control?.at !== at) continue;
    const last = lines.at(-1);
    if (last?.width === control.width && control.width !== 'full') last.controls.push(controlOf(field));
    else lines.push({ width: control.width, controls: [controlOf(field)] });
  }
  return lines;
}

function controlOf(field: SettingsField): OptionControl {
  const { label, shortLabel, note, hostedReason, choices = [], placeholder, ...row } = optionRows[field];
  const shared = { label, shortLabel, note, hostedReason };
  const kind = kindOf(field);
  switch (kind) {
    case 'number': {
      const { min, max } = rangeOf(field);
      const { step = 'any', least = min } = row;
      const shown = placeholder ?? String(defaultOf(field) ?? '');
      return { ...shared, kind, field: field as TextSetting, min: least, max, step, placeholder: shown };
    }
    case 'toggle':
      return { ...shared, kind, field: field as ToggleSetting };
    case 'choice':
      return { ...shared, kind, field: field as TextSetting, choices };
    case 'list':
      return { ...shared, kind, field: field as ListControl['field'] };
    case 'text':
      throw new TypeError(`${field}: texts have their own places in the panel`);
    default:
      throw new TypeError(`unknown kind ${kind satisfies never}`);
  }
}

/** Label and placeholder of a prompt's field. */
export function promptTexts(field: 'prompt' | 'negative_prompt'): { label: string; placeholder: string } {
  const { label, placeholder = '' } = optionRows[field];
  return { label, placeholder };
}
