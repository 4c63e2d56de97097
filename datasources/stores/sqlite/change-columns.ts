/** Columns of the table `change`, in the order of `ChangeRow`. */
export const CHANGE_COLUMNS = 'seq, change_id, at, cause, connector, run_id, actor, body';
