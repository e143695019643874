/** All keys on one sheet, and what the page is. */
import { X } from 'lucide-react';
import { Dialog } from 'radix-ui';
import { keyTable } from './useKeys';

export function HelpDialog({ open, onOpenChange }: { open: boolean; onOpenChange(open: boolean): void }) {
  return (
    <Dialog.Root open={open} onOpenChange={onOpenChange}>
      <Dialog.Portal>
        <Dialog.Overlay className="dialog-shade" />
        <Dialog.Content className="dialog">
          <Dialog.Title>Keys</Dialog.Title>
          <Dialog.Description>
            Paint over what should change, say what should be there, press Generate. Only the painted part is
            repainted; every other pixel stays as it is. Pictures never leave this machine.
          </Dialog.Description>
          <dl>
            {keyTable.map(([keys, action]) => (
              <div key={keys}>
                <dt>
                  <kbd>{keys}</kbd>
                </dt>
                <dd>{action}</dd>
              </div>
            ))}
          </dl>
          <Dialog.Close asChild>
            <button type="button" className="icon-button dialog-close" aria-label="Close help">
              <X size={18} aria-hidden />
            </button>
          </Dialog.Close>
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  );
}
