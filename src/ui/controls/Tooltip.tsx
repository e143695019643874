/** A tooltip that shows a control's name and its key. */
import { Tooltip } from 'radix-ui';
import { type ReactElement, useEffect, useState } from 'react';
import './tooltip.css';

export interface TipProps {
  text: string;
  keys?: string;
  side?: 'top' | 'right' | 'bottom' | 'left';
  children: ReactElement;
}

export function Tip({ text, keys, side = 'bottom', children }: TipProps) {
  const [open, setOpen] = useState(false);
  // Who works by keys has read it, and it may lie over what the keys are for.
  useEffect(() => {
    if (!open) return;
    const close = () => setOpen(false);
    window.addEventListener('keydown', close, true);
    return () => window.removeEventListener('keydown', close, true);
  }, [open]);
  return (
    <Tooltip.Root open={open} onOpenChange={setOpen}>
      <Tooltip.Trigger asChild>{children}</Tooltip.Trigger>
      <Tooltip.Portal>
        <Tooltip.Content className="tip" side={side} sideOffset={8} collisionPadding={8}>
          {text}
          {keys && <kbd>{keys}</kbd>}
        </Tooltip.Content>
      </Tooltip.Portal>
    </Tooltip.Root>
  );
}
