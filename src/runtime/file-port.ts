/** What the state directory needs of a file system and of the machine; `platform/files` has Node's. */

/** Files and folders by path. Errors carry Node's `code` (`EACCES`, `ENOSPC`, …). Links are not followed. */
export interface Files {
  /** One path of two. */
  join(folder: string, name: string): string
  /** Makes a folder and those above it; fine when it is there. The mode is for new ones. */
  makeFolder(path: string): Promise<void>
  /** What is at a path. */
  kindOf(path: string): Promise<'file' | 'folder' | 'link' | 'other' | 'nothing'>
  /** Names in a folder. */
  list(path: string): Promise<readonly string[]>
  /** A file's text; undefined when it is not there. */
  read(path: string): Promise<string | undefined>
  /** Makes a file with this text, all or nothing and on the disk when it settles; false when something is there already. */
  create(path: string, text: string): Promise<boolean>
  /** Renames a file or folder. */
  rename(from: string, to: string): Promise<void>
  /** Removes a file, or a folder with all that is in it; fine when it is not there. */
  remove(path: string): Promise<void>
  /** This process. */
  self(): Promise<ProcessStamp>
  /** When a process with this id was started; undefined: there is none. */
  startOf(pid: number): Promise<string | undefined>
}

/** Tells one process from every other: ids are given again, by the same machine and by others. */
export interface ProcessStamp {
  readonly pid: number
  /** When it was started, in the system's own words; empty where the system doesn't tell. */
  readonly start: string
  readonly host: string
  /** Of the machine's last start; empty where the system doesn't tell. */
  readonly boot: string
}
