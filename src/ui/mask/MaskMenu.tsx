/** The menu of commands for the mask as a whole. */
import { BoxSelect, type LucideIcon, SquareDashed } from 'lucide-react';
import { Popover } from 'radix-ui';
import type { ReactNode } from 'react';
import { edgeRadius } from '../../editor/store';
import { CommandLine } from '../commands/CommandButton';
import { Tooltip } from '../controls/Tooltip';
import { OptionSlider } from './ToolOptions';

/** A button in the stage's bar that opens a panel. */
export function BarPanel({
  name,
  label,
  icon: Icon,
  children,
}: {
  name: string;
  /** A word beneath the icon, a part of `name`. */
  label: string;
  icon: LucideIcon;
  children: ReactNode;
}) {
  return (
    <Popover.Root>
      <Tooltip text={name} side="top">
        <Popover.Trigger asChild>
          <button type="button" className="icon-button" data-labelled aria-label={name}>
            <Icon size={18} strokeWidth={1.8} aria-hidden />
            <span className="icon-label">{label}</span>
          </button>
        </Popover.Trigger>
      </Tooltip>
      <Popover.Portal>
        <Popover.Content
          className="popover"
          side="top"
          sideOffset={10}
          collisionPadding={8}
          aria-label={name}
        >
          {children}
        </Popover.Content>
      </Popover.Portal>
    </Popover.Root>
  );
}

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
