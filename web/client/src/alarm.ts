/** One timer with one owner and one purpose. Setting it again replaces what was set. */

export interface Timers {
  now(): number;
  set(callback: () => void, delayMs: number): number;
  clear(handle: number): void;
}

/** The browser's own: milliseconds of `performance.now()`. */
export const browserTimers: Timers = {
  now: () => performance.now(),
  set: (callback, delayMs) => setTimeout(callback, delayMs) as unknown as number,
  clear: (handle) => clearTimeout(handle),
};

export class Alarm {
  private handle: number | null = null;

  constructor(
    private readonly timers: Timers,
    private readonly onDue: () => void,
  ) {}

  setIn(delayMs: number): void {
    this.clear();
    this.handle = this.timers.set(() => {
      this.handle = null;
      this.onDue();
    }, Math.max(0, delayMs));
  }

  /** Leave it as it is if it is set. */
  setOnceIn(delayMs: number): void {
    if (this.handle === null) this.setIn(delayMs);
  }

  clear(): void {
    if (this.handle !== null) {
      this.timers.clear(this.handle);
      this.handle = null;
    }
  }
}
