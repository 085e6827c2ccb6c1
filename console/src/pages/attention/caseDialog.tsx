// Dialogs of cases. A case goes away when somebody else was first, and its answer must not go with it: the page keeps the dialog.

import { createContext, useCallback, useContext, useState, type ReactNode } from 'react';

/** Draws a dialog, given what closes it. */
type Draw = (close: () => void) => ReactNode;

const Opens = createContext<(draw: Draw) => void>(() => undefined);

/** What opens a dialog from a case. Nothing inside of a case draws one itself. */
export const useCaseDialog = () => useContext(Opens);

/** Stands around the cases, and keeps the dialog that one of them has opened for as long as nobody closes it. */
export function CaseDialogs({ children }: { children: ReactNode }) {
  const [dialog, setDialog] = useState<{ draw: Draw }>();
  const open = useCallback((draw: Draw) => setDialog({ draw }), []);
  return (
    <Opens value={open}>
      {children}
      {dialog?.draw(() => setDialog(undefined))}
    </Opens>
  );
}
