/** How the mask is shown: colour, opacity, or alone. */
import { Layers2 } from 'lucide-react';
import { Switch } from 'radix-ui';
import type { MaskLook } from '../editor/store';
import { BarSlider } from './BarSlider';
import { keysOf } from './commands';
import { useEditor, useSession } from './context';
import { BarPanel } from './MaskMenu';
import { toggleMaskAlone } from './toolActions';

const colors: readonly [color: string, name: string][] = [
  ['#ff7a36', 'Orange'],
  ['#ff3b5c', 'Red'],
  ['#36d17c', 'Green'],
  ['#3aa0ff', 'Blue'],
  ['#c86bff', 'Violet'],
];

export function LookMenu() {
  const { editor } = useSession();
  const look = useEditor((state) => state.look);
  const change = (part: Partial<MaskLook>) => editor.setOptions({ look: { ...look, ...part } });
  return (
    <BarPanel name="How the mask is shown" icon={Layers2}>
      <h2>Mask overlay</h2>
      <div className="swatches">
        {colors.map(([color, name]) => (
          <button
            key={color}
            type="button"
            className="swatch"
            aria-label={name}
            aria-pressed={look.color === color}
            style={{ background: color }}
            onClick={() => change({ color })}
          />
        ))}
        <input
          type="color"
          className="swatch"
          aria-label="Another colour"
          value={look.color}
          onChange={(event) => change({ color: event.target.value })}
        />
      </div>
      <BarSlider
        label="Opacity"
        name="Opacity of the mask"
        min={0}
        max={100}
        value={Math.round(look.opacity * 100)}
        text={`${Math.round(look.opacity * 100)} %`}
        onChange={(value) => change({ opacity: value / 100 })}
      />
      <div className="menu-button">
        <label htmlFor="mask-alone">Mask alone</label>
        <kbd aria-hidden>{keysOf('maskAlone')}</kbd>
        <Switch.Root
          id="mask-alone"
          className="switch"
          checked={look.show === 'alone'}
          onCheckedChange={() => toggleMaskAlone(editor)}
        >
          <Switch.Thumb className="switch-thumb" />
        </Switch.Root>
      </div>
    </BarPanel>
  );
}
