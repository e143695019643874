/** The page. */
import { useMemo, useState } from 'react';
import { useStore } from 'zustand';
import { AppContext, type AppParts } from '../base/context';
import { useTheme } from '../base/theme';
import type { CommandApp } from '../commands/command';
import { CommandContext } from '../commands/useCommand';
import { useKeys } from '../commands/useKeys';
import { TooltipProvider } from '../controls/Tooltip';
import { FileNotes } from '../files/FileNotes';
import { useFiles } from '../files/useFiles';
import { ToolRail } from '../mask/ToolRail';
import { SidePanel } from '../run/SidePanel';
import { usePageTitle } from '../run/usePageTitle';
import { ComparisonContext, useNewComparison } from '../stage/result/comparison';
import { Stage } from '../stage/Stage';
import { VersionStrip } from '../stage/VersionStrip';
import { HelpDialog } from './HelpDialog';
import { dialogs, PanelsAt } from './panels';
import { TopBar } from './TopBar';
// Controls that are classes only.
import '../controls/button.css';
import '../controls/note.css';
import '../controls/popover.css';
import '../controls/progressBar.css';
import '../controls/scrollFade.css';
import '../controls/switch.css';
import './app.css';

export function App(parts: AppParts) {
  const { session, models, saving } = parts;
  const [theme, toggleTheme] = useTheme();
  const comparison = useNewComparison();
  const [helping, setHelping] = useState(false);
  const [dialog, setDialog] = useState<string | null>(null);
  const files = useFiles(session, models);
  const { openPicker } = files;
  usePageTitle(session);
  const { onHold: compare } = comparison;
  const commandApp = useMemo<CommandApp>(
    () => ({ session, saving, openPicker, showHelp: () => setHelping(true), compare }),
    [session, saving, openPicker, compare],
  );
  useKeys(commandApp);
  const adjusting = useStore(session.editor.store, (state) => state.adjusting !== null);
  return (
    <AppContext value={parts}>
      <CommandContext value={commandApp}>
        <TooltipProvider delayDuration={500} skipDelayDuration={200}>
          <div className="app" data-adjusting={adjusting || undefined}>
            <TopBar theme={theme} onTheme={toggleTheme} onDialog={setDialog} />
            <ToolRail />
            <ComparisonContext value={comparison}>
              <Stage />
              <PanelsAt placement="notices" />
              <VersionStrip />
            </ComparisonContext>
            <SidePanel
              adjusting={adjusting}
              belowPrompt={<PanelsAt placement="prompt" />}
              settings={<PanelsAt placement="settings" />}
              dock={<PanelsAt placement="dock" />}
            />
          </div>
          <FileNotes {...files} />
          {dialogs.map(({ id, Panel }) => (
            <Panel key={id} open={dialog === id} onOpenChange={(open) => setDialog(open ? id : null)} />
          ))}
          <HelpDialog open={helping} onOpenChange={setHelping} />
        </TooltipProvider>
      </CommandContext>
    </AppContext>
  );
}
