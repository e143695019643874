/** The options of the tool in hand. */
import { Check, Link2, type LucideIcon, PenTool, Replace, SquareMinus, SquarePlus, X } from 'lucide-react';
import { MAX_BRUSH, MIN_BRUSH } from '../../editor/store';
import type { Mode } from '../../image/mask/mask';
import { useEditor, useSession } from '../base/context';
import { BarSlider } from '../controls/BarSlider';
import { IconButton } from '../controls/IconButton';
import { keysOf } from '../page/commands';
import './toolOptions.css';

/** The slider runs over the logarithm: as fine for small brushes as for large ones. */
const SLIDER_STEPS = 100;
const toSlider = (size: number) =>
  (Math.log(size / MIN_BRUSH) / Math.log(MAX_BRUSH / MIN_BRUSH)) * SLIDER_STEPS;
const fromSlider = (value: number) => MIN_BRUSH * (MAX_BRUSH / MIN_BRUSH) ** (value / SLIDER_STEPS);

export function ToolOptions() {
  const tool = useEditor((state) => state.tool);
  return (
    <div className="tool-options" role="toolbar" aria-label="Options of the tool">
      {tool === 'brush' || tool === 'eraser' ? <BrushOptions /> : <ModeOptions />}
      {tool === 'wand' && <WandOptions />}
      {tool === 'polygon' && <PolygonButtons />}
    </div>
  );
}

function BrushOptions() {
  const { editor } = useSession();
  const brushSize = useEditor((state) => state.brushSize);
  const hardness = useEditor((state) => state.hardness);
  const penPressure = useEditor((state) => state.penPressure);
  return (
    <>
      <BarSlider
        label="Size"
        name="Size of the brush"
        min={0}
        max={SLIDER_STEPS}
        value={Math.round(toSlider(brushSize))}
        text={`${brushSize} px`}
        onChange={(value) => editor.setBrushSize(fromSlider(value))}
      />
      <BarSlider
        label="Hardness"
        name="Hardness of the brush"
        min={0}
        max={100}
        value={Math.round(hardness * 100)}
        text={`${Math.round(hardness * 100)} %`}
        onChange={(value) => editor.setOptions({ hardness: value / 100 })}
      />
      <span className="wide">
        <IconButton
          name="Pen pressure sets the size"
          label="Pen"
          icon={PenTool}
          side="top"
          pressed={penPressure}
          onPress={() => editor.setOptions({ penPressure: !penPressure })}
        />
      </span>
    </>
  );
}

const modes: readonly { mode: Mode; name: string; label: string; icon: LucideIcon; keys?: string }[] = [
  { mode: 'add', name: 'Add to the mask', label: 'Add', icon: SquarePlus, keys: 'Shift' },
  { mode: 'subtract', name: 'Subtract from the mask', label: 'Subtract', icon: SquareMinus, keys: 'Alt' },
  { mode: 'replace', name: 'Replace the mask', label: 'Replace', icon: Replace },
];

function ModeOptions() {
  const { editor } = useSession();
  const active = useEditor((state) => state.mode);
  return (
    <fieldset className="group">
      <legend className="sr-only">How it joins the mask</legend>
      {modes.map(({ mode, name, label, icon, keys }) => (
        <IconButton
          key={mode}
          name={name}
          label={label}
          icon={icon}
          keys={keys}
          side="top"
          pressed={active === mode}
          onPress={() => editor.setOptions({ mode })}
        />
      ))}
    </fieldset>
  );
}

function WandOptions() {
  const { editor } = useSession();
  const tolerance = useEditor((state) => state.tolerance);
  const contiguous = useEditor((state) => state.contiguous);
  return (
    <>
      <BarSlider
        label="Tolerance"
        name="Tolerance of the wand"
        min={0}
        max={255}
        value={tolerance}
        text={String(tolerance)}
        onChange={(value) => editor.setOptions({ tolerance: value })}
      />
      <IconButton
        name="Only what is connected"
        label="Connected"
        icon={Link2}
        side="top"
        pressed={contiguous}
        onPress={() => editor.setOptions({ contiguous: !contiguous })}
      />
    </>
  );
}

/** For fingers, which have no Enter and no Escape. */
function PolygonButtons() {
  const { editor } = useSession();
  const corners = useEditor((state) => state.draft?.points.length ?? 0);
  return (
    <>
      <IconButton
        name="Close the polygon"
        label="Close"
        icon={Check}
        keys="Enter"
        side="top"
        disabled={corners < 3}
        onPress={() => editor.gesture.finish()}
      />
      <IconButton
        name="Drop the polygon"
        label="Drop"
        icon={X}
        keys={keysOf('escape')}
        side="top"
        disabled={corners === 0}
        onPress={() => editor.setDraft(null)}
      />
    </>
  );
}
