/** A tooltip that shows a control's name and its key. */
import { Tooltip as RadixTooltip } from 'radix-ui';
import { type ReactElement, useEffect, useState } from 'react';
import './tooltip.css';

/** Around the page: how long a pointer rests before the first one opens, and the next. */
export const TooltipProvider = RadixTooltip.Provider;

export interface TooltipProps {
  text: string;
  keys?: string;
  side?: 'top' | 'right' | 'bottom' | 'left';
  children: ReactElement;
}

export function Tooltip({ text, keys, side = 'bottom', children }: TooltipProps) {
  const [open, setOpen] = useState(false);
  // Pressing a key closes it: it may cover what the key is for.
  useEffect(() => {
    if (!open) return;
    const close = () => setOpen(false);
    window.addEventListener('keydown', close, true);
    return () => window.removeEventListener('keydown', close, true);
  }, [open]);
  return (
    <RadixTooltip.Root open={open} onOpenChange={setOpen}>
      <RadixTooltip.Trigger asChild>{children}</RadixTooltip.Trigger>
      <RadixTooltip.Portal>
        <RadixTooltip.Content className="tip" side={side} sideOffset={8} collisionPadding={8}>
          {text}
          {keys && <kbd>{keys}</kbd>}
        </RadixTooltip.Content>
      </RadixTooltip.Portal>
    </RadixTooltip.Root>
  );
}
