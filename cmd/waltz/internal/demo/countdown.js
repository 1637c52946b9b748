// Counts down to the moment that a <time data-countdown> names.
"use strict";
for (const time of document.querySelectorAll("time[data-countdown]")) {
  const end = Date.parse(time.dateTime);
  const tick = () => {
    const left = Math.round((end - Date.now()) / 1000);
    time.textContent = left > 0
      ? `in ${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`
      : "over: the next call refreshes it";
  };
  tick();
  setInterval(tick, 1000);
}
