/** All keys on one sheet, and what the page is. */
import { Dialog, DialogDescription, DialogTitle } from '../controls/Dialog';
import { type Command, commands, gestures, keysOf } from './commands';
import './helpDialog.css';

function rowsOf(group: Command['group']): { keys: string; action: string }[] {
  const pressed = commands.filter((command) => command.group === group);
  return [
    ...pressed.map(({ id, action }) => ({ keys: keysOf(id), action })),
    ...gestures.filter((gesture) => gesture.group === group),
  ];
}

export function HelpDialog({ open, onOpenChange }: { open: boolean; onOpenChange(open: boolean): void }) {
  return (
    <Dialog open={open} onOpenChange={onOpenChange} closeName="Close help" isDescribed>
      <DialogTitle>Keys and help</DialogTitle>
      <DialogDescription>
        Paint over what should change, say what should be there, press Generate. Only the painted part is
        repainted; every other pixel stays as it is. Pictures leave this machine only while you have the
        hosted API on.
      </DialogDescription>
      <div className="key-groups">
        {(['Tools', 'Mask', 'View', 'Page'] as const).map((group) => (
          <section key={group}>
            <h3>{group}</h3>
            <dl>
              {rowsOf(group).map(({ keys, action }) => (
                <div key={keys}>
                  <dt>
                    <kbd>{keys}</kbd>
                  </dt>
                  <dd>{action}</dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
    </Dialog>
  );
}
