/** The options of the current tool, made from its rows. */
import { type EditorState, type NumberOption, type ToolOption, toolOf } from '../../editor/store';
import { useEditor, useSession } from '../base/context';
import { BarSlider } from '../controls/BarSlider';
import { IconButton } from '../controls/IconButton';
import { SelectPanel } from './SelectPanel';
import './toolOptions.css';

export function ToolOptions() {
  const tool = useEditor((state) => state.tool);
  const { options, asksAssistant } = toolOf(tool);
  return (
    <div className="tool-options" role="toolbar" aria-label="Tool options">
      {options.map((row) => (
        <OptionControl key={row.name} row={row} />
      ))}
      {asksAssistant && <SelectPanel />}
    </div>
  );
}

type Row<Kind extends ToolOption['kind']> = Extract<ToolOption, { kind: Kind }>;

function OptionControl({ row }: { row: ToolOption }) {
  switch (row.kind) {
    case 'number':
      return <OptionSlider row={row} />;
    case 'toggle':
      return <OptionToggle row={row} />;
    case 'choice':
      return <OptionChoice row={row} />;
    case 'button':
      return <OptionButton row={row} />;
    default:
      throw new TypeError(`unknown option ${row satisfies never}`);
  }
}

/** The value of a row in the editor's store, and how to set it. */
function useOption<Value>({ field }: { field: string }): [value: Value, set: (value: Value) => void] {
  const { editor } = useSession();
  const value = useEditor((state) => state[field as keyof EditorState]) as Value;
  return [value, (next) => editor.setOptions({ [field]: next })];
}

/** Positions of a slider over the logarithm. */
const LOGARITHMIC_STEPS = 100;

export function OptionSlider({ row }: { row: NumberOption }) {
  const [value, set] = useOption<number>(row);
  const { min, max, step, unit, isLogarithmic } = row;
  const shown = unit === '%' ? Math.round(value * 100) : value;
  const text = unit === '' ? String(shown) : `${shown} ${unit}`;
  const range = Math.log(max / min);
  return (
    <BarSlider
      label={row.label}
      name={row.name}
      min={isLogarithmic ? 0 : Math.round(min / step)}
      max={isLogarithmic ? LOGARITHMIC_STEPS : Math.round(max / step)}
      value={Math.round(isLogarithmic ? (Math.log(value / min) / range) * LOGARITHMIC_STEPS : value / step)}
      text={text}
      onChange={(position) =>
        set(isLogarithmic ? min * Math.exp((position / LOGARITHMIC_STEPS) * range) : position * step)
      }
    />
  );
}

function OptionToggle({ row }: { row: Row<'toggle'> }) {
  const [isOn, set] = useOption<boolean>(row);
  const { name, label, icon, isWideOnly } = row;
  const button = (
    <IconButton {...{ name, label, icon }} side="top" pressed={isOn} onPress={() => set(!isOn)} />
  );
  return isWideOnly ? <span className="wide">{button}</span> : button;
}

function OptionChoice({ row }: { row: Row<'choice'> }) {
  const [chosen, set] = useOption<string>(row);
  return (
    <fieldset className="group">
      <legend className="sr-only">{row.name}</legend>
      {row.choices.map(({ value, ...button }) => (
        <IconButton
          key={value}
          {...button}
          side="top"
          pressed={chosen === value}
          onPress={() => set(value)}
        />
      ))}
    </fieldset>
  );
}

function OptionButton({ row }: { row: Row<'button'> }) {
  const { editor } = useSession();
  const isEnabled = useEditor(({ draft }) => row.isEnabled(draft));
  const { name, label, icon, keys } = row;
  return (
    <IconButton
      {...{ name, label, icon, keys }}
      side="top"
      disabled={!isEnabled}
      onPress={() => row.press(editor.gesture.hand)}
    />
  );
}
