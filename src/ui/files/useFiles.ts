/** Images come by button, by drop and by paste; models by drop too. */
import { useCallback, useEffect, useRef, useState } from 'react';
import { isWeights } from '../../state/models/modelFiles';
import type { ModelLibraryStore } from '../../state/models/modelLibrary';
import { draggedInWords } from '../../state/pictures/dragged';
import type { Session } from '../../state/session/session';
import { openOwnModel } from '../models/useModelFiles';
import { openAddress, pictureAddress } from './openAddress';
import { droppedFiles, openDropped } from './openDropped';

export interface Files {
  openPicker(): void;
  /** What is being dragged over the page, in words; null if nothing is. */
  dragged: string | null;
  /** A weight file that was chosen as an image; the page offers to open it as a model. */
  offered: File | null;
  accept(): void;
  dismiss(): void;
}

export function useFiles(session: Session, models: ModelLibraryStore): Files {
  const [dragged, setDragged] = useState<string | null>(null);
  const [offered, setOffered] = useState<File | null>(null);
  const depth = useRef(0);

  const openPicker = useCallback(() => {
    const input = document.createElement('input');
    input.type = 'file';
    // Some systems don't count these as images.
    input.accept = 'image/*,.heic,.heif,.avif,.tif,.tiff';
    input.addEventListener('change', () => {
      const file = input.files?.[0];
      if (file && isWeights(file.name)) setOffered(file);
      else if (file) {
        setOffered(null);
        void session.openFile(file, file.name);
      }
    });
    input.click();
  }, [session]);

  useEffect(() => {
    const holdsFiles = (event: DragEvent) => event.dataTransfer?.types.includes('Files') ?? false;
    const onEnter = (event: DragEvent) => {
      if (!holdsFiles(event)) return;
      depth.current += 1;
      setDragged(draggedInWords([...(event.dataTransfer?.items ?? [])]));
    };
    // Enter and leave also fire for each element inside: only the last leave ends the drag.
    const onLeave = () => {
      depth.current = Math.max(0, depth.current - 1);
      if (depth.current === 0) setDragged(null);
    };
    const onOver = (event: DragEvent) => {
      if (holdsFiles(event)) event.preventDefault();
    };
    const onDrop = (event: DragEvent) => {
      depth.current = 0;
      setDragged(null);
      if (!event.dataTransfer || event.dataTransfer.files.length === 0) return;
      event.preventDefault();
      void openDropped(session, models, droppedFiles(event.dataTransfer));
    };
    const onPaste = (event: ClipboardEvent) => {
      const files = [...(event.clipboardData?.files ?? [])];
      if (files.length === 0) {
        const text = event.clipboardData?.getData('text/plain') ?? '';
        const typing = event.target instanceof Element && event.target.closest('input, textarea');
        if (!typing && pictureAddress(text)) {
          void openAddress(session, text).then((problem) => problem && session.showStageError(problem));
        }
        return;
      }
      event.preventDefault();
      void openDropped(session, models, { pictures: files, models: [] });
    };
    window.addEventListener('dragenter', onEnter);
    window.addEventListener('dragleave', onLeave);
    window.addEventListener('dragover', onOver);
    window.addEventListener('drop', onDrop);
    window.addEventListener('paste', onPaste);
    return () => {
      window.removeEventListener('dragenter', onEnter);
      window.removeEventListener('dragleave', onLeave);
      window.removeEventListener('dragover', onOver);
      window.removeEventListener('drop', onDrop);
      window.removeEventListener('paste', onPaste);
    };
  }, [session, models]);

  const accept = useCallback(async () => {
    if (!offered) return;
    setOffered(null);
    const problem = await openOwnModel([{ path: offered.name, file: offered }], session, models);
    if (problem !== null) session.showStageError(problem);
  }, [offered, session, models]);
  const dismiss = useCallback(() => setOffered(null), []);

  return { openPicker, dragged, offered, accept: () => void accept(), dismiss };
}
