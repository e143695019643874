/** The menu of commands for the mask as a whole. */
import { BoxSelect, SquareDashed } from 'lucide-react';
import { edgeRadius } from '../../editor/store';
import { CommandLine } from '../commands/CommandButton';
import { BarPanel } from './BarPanel';
import { OptionSlider } from './ToolOptions';

export function MaskMenu() {
  return (
    <BarPanel name="Mask menu" label="Mask" icon={SquareDashed}>
      <h2>Edge</h2>
      <OptionSlider row={edgeRadius} />
      <div className="popover-row">
        <CommandLine id="grow" />
        <CommandLine id="shrink" />
        <CommandLine id="feather" />
      </div>
      <h2>Mask</h2>
      <CommandLine id="fill" />
      <CommandLine id="transparency" />
      <CommandLine id="importMask" />
      <CommandLine id="saveMask" />
      <CommandLine id="saveCutOut" />
      <p className="popover-note">
        <BoxSelect size={14} aria-hidden /> Masks are PNG of the image’s size; white is the mask
      </p>
    </BarPanel>
  );
}
