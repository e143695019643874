/** A question that must be answered first; closing it is a no. */
import { AlertDialog as RadixAlertDialog } from 'radix-ui';
import type { ReactNode } from 'react';
import './dialog.css';

export const AlertDialogCancel = RadixAlertDialog.Cancel;
export const AlertDialogAction = RadixAlertDialog.Action;

interface AlertDialogProps {
  open: boolean;
  onDismiss(): void;
  title: ReactNode;
  /** What the answer is about, in paragraphs. */
  description: ReactNode;
  /** Between the description and the buttons. */
  children?: ReactNode;
  actions: ReactNode;
}

export function AlertDialog({ open, onDismiss, title, description, children, actions }: AlertDialogProps) {
  return (
    <RadixAlertDialog.Root open={open} onOpenChange={(isOpen) => isOpen || onDismiss()}>
      <RadixAlertDialog.Portal>
        <RadixAlertDialog.Overlay className="dialog-shade" />
        <RadixAlertDialog.Content className="dialog">
          <RadixAlertDialog.Title>{title}</RadixAlertDialog.Title>
          <RadixAlertDialog.Description asChild>
            <div>{description}</div>
          </RadixAlertDialog.Description>
          {children}
          <div className="dialog-actions">{actions}</div>
        </RadixAlertDialog.Content>
      </RadixAlertDialog.Portal>
    </RadixAlertDialog.Root>
  );
}
