/** What the page is, and all its keys. */
import { type Group, groups } from '../commands/command';
import { commands, gestures, helpOf } from '../commands/index';
import { keysOf } from '../commands/keyCombinations';
import { Dialog, DialogDescription, DialogTitle } from '../controls/Dialog';
import './helpDialog.css';

function rowsOf(group: Group): { keys: string; help: string }[] {
  const pressed = commands.filter((command) => command.group === group);
  return [
    ...pressed.map((command) => ({ keys: keysOf(command.id), help: helpOf(command) })),
    ...gestures.filter((gesture) => gesture.group === group),
  ];
}

export function HelpDialog({ open, onOpenChange }: { open: boolean; onOpenChange(open: boolean): void }) {
  return (
    <Dialog open={open} onOpenChange={onOpenChange} closeName="Close help" isDescribed>
      <DialogTitle>Keys and help</DialogTitle>
      <DialogDescription>
        Paint over what should change. Remove takes it away; Generate puts there what you describe. Only the
        masked area changes; every other pixel stays as it is. Images leave this device only when you use the
        hosted API.
      </DialogDescription>
      <div className="key-groups">
        {groups.map((group) => (
          <section key={group}>
            <h3>{group}</h3>
            <dl>
              {rowsOf(group).map(({ keys, help }) => (
                <div key={keys}>
                  <dt>
                    <kbd>{keys}</kbd>
                  </dt>
                  <dd>{help}</dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
    </Dialog>
  );
}
