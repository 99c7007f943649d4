// This device's webcam as a camera of the service, for as long as its view is open.

import { at, call } from "./api.js";
import { button, el, fill } from "./dom.js";
import { problem, say } from "./notices.js";

const PAUSE = 150;
const WIDE = 1280;

/** A button that sends what the webcam sees; `end` when its place is gone. */
export function sender(name, outcome) {
  const video = el("video", { playsinline: true });
  video.muted = true;
  const press = button("Send this device's webcam", () => (stream ? end() : begin()));
  const node = el("div", { class: "row", hidden: true }, press);
  let stream = null;

  async function begin() {
    try {
      if (!navigator.mediaDevices) throw new Error("Browsers give the camera to pages over HTTPS and from this machine only.");
      stream = await navigator.mediaDevices.getUserMedia({ video: { width: { ideal: WIDE } }, audio: false });
    } catch (error) {
      stream = null;
      fill(outcome, problem({ code: "webcam", detail: error.message, fix: "Allow the camera in the browser's settings for this site." }));
      return;
    }
    video.srcObject = stream;
    await video.play();
    press.textContent = "Stop sending";
    say("The webcam is sent.");
    while (stream) {
      try {
        await call("POST", at("cameras", name, "frames"), { files: [await still()] });
      } catch (error) {
        fill(outcome, problem(error));
        end();
      }
      await new Promise((done) => setTimeout(done, PAUSE));
    }
  }

  async function still() {
    const canvas = new OffscreenCanvas(video.videoWidth, video.videoHeight);
    canvas.getContext("2d").drawImage(video, 0, 0);
    return new File([await canvas.convertToBlob({ type: "image/jpeg", quality: 0.92 })], "frame.jpg", { type: "image/jpeg" });
  }

  function end() {
    stream?.getTracks().forEach((track) => track.stop());
    stream = null;
    press.textContent = "Send this device's webcam";
  }

  return { node, end };
}
