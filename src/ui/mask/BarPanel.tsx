/** A panel of the stage's bar, and the button that opens it. */
import type { LucideIcon } from 'lucide-react';
import { Popover } from 'radix-ui';
import type { ReactNode } from 'react';
import { Tooltip } from '../controls/Tooltip';

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
