/** How the mask is shown: its colour and opacity over the image, or on its own. */
import { Layers2 } from 'lucide-react';
import { Switch } from 'radix-ui';
import { overlayColours } from '../../editor/kernels/overlayColour';
import { type MaskLook, overlayColourOf } from '../../editor/store';
import { useEditor, useSession } from '../base/context';
import { useCommand } from '../commands/useCommand';
import { BarSlider } from '../controls/BarSlider';
import { BarPanel } from './BarPanel';
import './maskAppearanceMenu.css';

export function MaskAppearanceMenu() {
  const { editor } = useSession();
  const look = useEditor((state) => state.look);
  const change = (part: Partial<MaskLook>) => editor.setOptions({ look: { ...look, ...part } });
  return (
    <BarPanel name="Mask overlay" label="Overlay" icon={Layers2}>
      <h2>Mask overlay</h2>
      <div className="swatches">
        <button
          type="button"
          className="swatch automatic"
          aria-label="Auto: the colour that is easiest to see"
          aria-pressed={look.isAutomatic}
          onClick={() => {
            const picture = editor.document?.picture;
            change({ isAutomatic: true, color: (picture && overlayColourOf(picture)) ?? look.color });
          }}
        >
          Auto
        </button>
        {overlayColours.map(({ color, name }) => (
          <button
            key={color}
            type="button"
            className="swatch"
            aria-label={name}
            aria-pressed={!look.isAutomatic && look.color === color}
            style={{ background: color }}
            onClick={() => change({ color, isAutomatic: false })}
          />
        ))}
        <input
          type="color"
          className="swatch"
          aria-label="Another colour"
          value={look.color}
          onChange={(event) => change({ color: event.target.value, isAutomatic: false })}
        />
      </div>
      <BarSlider
        label="Opacity"
        name="Mask opacity"
        min={0}
        max={100}
        value={Math.round(look.opacity * 100)}
        text={`${Math.round(look.opacity * 100)} %`}
        onChange={(value) => change({ opacity: value / 100 })}
      />
      <MaskOnlySwitch />
    </BarPanel>
  );
}

function MaskOnlySwitch() {
  const { label, keys, isPressed, run } = useCommand('maskOnly');
  return (
    <div className="menu-button">
      <label htmlFor="mask-only">{label}</label>
      <kbd aria-hidden>{keys}</kbd>
      <Switch.Root id="mask-only" className="switch" checked={isPressed} onCheckedChange={run}>
        <Switch.Thumb className="switch-thumb" />
      </Switch.Root>
    </div>
  );
}
