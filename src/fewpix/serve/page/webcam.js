// A picture from the webcam, which is on for as long as its dialog is open.

import { el } from "./dom.js";
import { open } from "./dialogs.js";

const REFUSED = {
  NotAllowedError: "This page may not use the camera. Allow it in the browser's settings for this site.",
  NotFoundError: "There is no camera.",
  NotReadableError: "The camera is in use by another program.",
};

/** Ask for a picture; null where none was taken. */
export async function takePicture() {
  if (!navigator.mediaDevices) {
    await tell("Browsers give the camera to pages over HTTPS and from this machine only.");
    return null;
  }
  let stream;
  try {
    const video = { width: { ideal: 1920 }, height: { ideal: 1080 } };
    stream = await navigator.mediaDevices.getUserMedia({ video, audio: false });
  } catch (error) {
    await tell(REFUSED[error.name] ?? "The camera cannot be used.");
    return null;
  }
  const video = el("video", { autoplay: true, playsinline: true, "aria-label": "What the camera sees" });
  video.muted = true;
  video.srcObject = stream;
  const canvas = await open({
    title: "Webcam",
    body: [video, el("p", { class: "hint" }, "The camera is off again when this is closed.")],
    action: "Take the picture",
    wide: true,
    none: null,
    value: () => still(video),
    ended: () => stream.getTracks().forEach((track) => track.stop()),
  });
  if (!canvas) return null;
  const blob = await canvas.convertToBlob({ type: "image/png" });
  const time = new Date().toISOString().slice(0, 19).replaceAll(":", "-");
  return new File([blob], `webcam-${time}.png`, { type: "image/png" });
}

function still(video) {
  if (!video.videoWidth) return null;
  const canvas = new OffscreenCanvas(video.videoWidth, video.videoHeight);
  canvas.getContext("2d").drawImage(video, 0, 0);
  return canvas;
}

const tell = (text) => open({ title: "Webcam", body: [el("p", {}, text)], action: null, cancel: "Close" });
