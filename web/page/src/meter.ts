/** A level meter: the last second and a half as bars. With reduced motion it is one bar that does not travel. */

export class Meter {
  private readonly levels: number[] = new Array<number>(BARS).fill(0);
  private peak = 0;
  private drawnAt = 0;
  private isScheduled = false;

  constructor(private readonly canvas: HTMLCanvasElement) {
    const redraw = (): void => this.schedule();
    new ResizeObserver(redraw).observe(canvas);
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', redraw);
  }

  push(level: number): void {
    this.peak = Math.max(this.peak, level);
    this.schedule();
  }

  private schedule(): void {
    if (this.isScheduled) return;
    this.isScheduled = true;
    requestAnimationFrame((now) => {
      this.isScheduled = false;
      this.step(now);
    });
  }

  private step(now: number): void {
    if (now - this.drawnAt >= BAR_EVERY_MS) {
      this.drawnAt = now;
      this.levels.push(this.peak);
      this.levels.shift();
      this.peak = 0;
    }
    this.draw();
    if (this.levels.some((level) => level > 0)) this.schedule();
  }

  private draw(): void {
    const { canvas } = this;
    const ratio = devicePixelRatio || 1;
    const width = Math.round(canvas.clientWidth * ratio);
    const height = Math.round(canvas.clientHeight * ratio);
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
    const context = canvas.getContext('2d');
    if (context === null || width === 0) return;
    context.clearRect(0, 0, width, height);
    context.fillStyle = getComputedStyle(canvas).color;
    const still = matchMedia('(prefers-reduced-motion: reduce)').matches;
    const levels = still ? this.levels.slice(-4).fill(Math.max(...this.levels.slice(-4))) : this.levels;
    const slot = width / levels.length;
    const thick = Math.max(1.5 * ratio, Math.min(slot * 0.5, 4 * ratio));
    levels.forEach((level, at) => {
      const tall = Math.max(thick, level ** 1.6 * height);
      context.globalAlpha = level > 0.02 ? 1 : 0.3;
      context.beginPath();
      context.roundRect(at * slot + (slot - thick) / 2, (height - tall) / 2, thick, tall, thick / 2);
      context.fill();
    });
  }
}

const BARS = 28;
const BAR_EVERY_MS = 55;
