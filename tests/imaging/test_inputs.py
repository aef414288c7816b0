"""What may be given: files, folders, zips, DICOMDIRs; all of it accounted for, none of it trusted."""

import os
import struct
import zipfile

import nibabel
import numpy as np
import pytest
from pydicom import DataElement, config
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import ExplicitVRLittleEndian, MediaStorageDirectoryStorage

from miqa_app.errors import UnreadableFile
from miqa_app.imaging import Completed, FrameReady, Opened, Scanned, load, load_with_problems, read
from miqa_app.imaging.deidentify import hashed, relative_source
from tests.imaging.writing import slice_file, stack


def test_the_first_slice_comes_from_the_middle_before_the_others_are_read(tmp_path):
    stack(tmp_path, [3.0 * n for n in range(9)])
    states, order = [], []
    for event in read([tmp_path]):
        if isinstance(event, Opened):
            opened = event.series
            assert not opened.ready.any()
            assert not opened.voxels.any()
            assert opened.geometry is not None
        if isinstance(event, FrameReady):
            order.append(event.frame)
            states.append(int(opened.ready.sum()))
            assert opened.voxels[event.frame].any()
        if isinstance(event, Completed):
            assert np.shares_memory(event.series.voxels, opened.voxels)
            assert event.series.windows
    assert order == [4, 3, 5, 2, 6, 1, 7, 0, 8]
    assert states == list(range(1, 10))


def test_progress_reaches_the_total(tmp_path):
    stack(tmp_path, [3.0 * n for n in range(40)])
    scanned = [event for event in read([tmp_path]) if isinstance(event, Scanned)]
    assert (scanned[-1].done, scanned[-1].total) == (40, 40)
    assert len(scanned) > 2


def test_a_path_given_twice_is_read_once(tmp_path):
    stack(tmp_path / "a", [0, 3])
    (series,) = load([tmp_path, tmp_path / "a", tmp_path / "a" / "001.dcm"])
    assert series.frames == 2
    assert series.warnings == ()


def test_files_that_are_not_scans_are_told_in_one_line_per_folder(tmp_path):
    stack(tmp_path, [0, 3])
    for name in ("a.json", "b.csv", "README"):
        (tmp_path / name).write_text("x")
    _, (problem,) = load_with_problems(tmp_path)
    assert problem.source == str(tmp_path)
    assert problem.reason.startswith("3 files that are not scans were left aside: ")
    assert "a.json" in problem.reason


def test_a_renamed_picture_an_unknown_binary_and_an_empty_file_are_a_problem_each(tmp_path):
    stack(tmp_path / "scan", [0, 3])
    (tmp_path / "a.dcm").write_bytes(b"\xff\xd8\xff\xe0" + bytes(300))
    (tmp_path / "b.dcm").write_bytes(b"\x99" * 300)
    (tmp_path / "c.dcm").write_bytes(b"")
    (tmp_path / "d.dcm").write_bytes(bytes.fromhex("308006092a864886f70d010703a080") + bytes(200))
    series, problems = load_with_problems(tmp_path)
    assert len(series) == 1
    reasons = {os.path.basename(p.source): p.reason for p in problems}
    assert "is a JPEG picture, not a scan" in reasons["a.dcm"]
    assert "not a scan this program can read" in reasons["b.dcm"]
    assert "is empty (0 bytes)" in reasons["c.dcm"]
    assert "is encrypted" in reasons["d.dcm"]


def test_what_does_not_exist_or_holds_nothing_is_told(tmp_path):
    with pytest.raises(UnreadableFile, match="does not exist"):
        load(tmp_path / "nowhere")
    with pytest.raises(UnreadableFile, match="empty folder"):
        load(tmp_path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes on this system")
def test_a_named_pipe_is_never_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    _, (problem,) = load_with_problems(tmp_path)
    assert "not a regular file" in problem.reason


def test_a_dicom_file_without_preamble_is_read(tmp_path):
    path = slice_file(tmp_path / "a", 0)
    content = path.read_bytes()
    (length,) = struct.unpack("<L", content[140:144])
    path.write_bytes(content[144 + length :])
    assert load(path)[0].frames == 1


def zipped(folder, target, **extra):
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.rglob("*.dcm")):
            archive.write(path, f"study/deep/{path.name}")
        for name, content in extra.items():
            archive.writestr(name, content)
    return target


def test_a_zip_is_read_through_and_leaves_nothing_behind(tmp_path, monkeypatch):
    room = tmp_path / "room"
    room.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(room))
    target = zipped(stack(tmp_path / "s", [0, 3, 6]), tmp_path / "study.zip")
    (series,) = load(target)
    assert series.frames == 3
    assert series.files[0] == f"{target}/study/deep/003.dcm"
    assert list(room.iterdir()) == []
    reading = read([target])
    next(event for event in reading if isinstance(event, FrameReady))
    assert list(room.iterdir()) != []
    reading.close()
    assert list(room.iterdir()) == []


def test_keys_of_a_zip_are_stable(tmp_path):
    target = zipped(stack(tmp_path / "s", [0, 3, 6]), tmp_path / "study.zip")
    assert load(target)[0].key == load(target)[0].key


def test_names_that_point_out_of_the_archive_are_refused(tmp_path):
    target = zipped(
        stack(tmp_path / "s", [0, 3]),
        tmp_path / "evil.zip",
        **{"../../escaped.dcm": b"x", "/abs.dcm": b"x"},
    )
    series, problems = load_with_problems(target)
    assert series[0].frames == 2
    assert sorted("outside its archive" in p.reason for p in problems) == [True, True]
    assert not list(tmp_path.rglob("*escaped*"))


def test_a_zip_bomb_is_refused_before_disk_is_taken(tmp_path, monkeypatch):
    room = tmp_path / "room"
    room.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(room))
    target = tmp_path / "bomb.zip"
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.dcm", bytes(300 * 2**20))
    written = []
    monkeypatch.setattr("shutil.copyfileobj", lambda *a: written.append(a))
    _, (problem,) = load_with_problems(target)
    assert "which no scan does; it was not unpacked" in problem.reason
    assert written == []


def test_damaged_and_nested_zips_are_problems(tmp_path):
    inner = zipped(stack(tmp_path / "s", [0]), tmp_path / "inner.zip")
    outer = zipped(tmp_path / "s", tmp_path / "outer.zip", **{"inner.zip": inner.read_bytes()})
    series, (problem,) = load_with_problems(outer)
    assert series[0].frames == 1
    assert "zip within a zip" in problem.reason
    damaged = tmp_path / "damaged.zip"
    damaged.write_bytes(outer.read_bytes()[:-30])
    with pytest.raises(UnreadableFile, match="damaged zip archive"):
        load(damaged)


def dicomdir(folder, names):
    """Write a DICOMDIR that names files as lists of path parts."""
    dataset = Dataset()
    dataset.FileSetID = "DISC"
    records = []
    for parts in names:
        record = Dataset()
        record.DirectoryRecordType = "IMAGE"
        record.add(DataElement(0x00041500, "CS", parts, validation_mode=config.IGNORE))
        records.append(record)
    dataset.DirectoryRecordSequence = Sequence(records)
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = MediaStorageDirectoryStorage
    meta.MediaStorageSOPInstanceUID = "1.2.3"
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.file_meta = meta
    dataset.save_as(folder / "DICOMDIR", enforce_file_format=True)
    return folder / "DICOMDIR"


def test_a_dicomdir_reads_the_files_it_names(tmp_path):
    disc = tmp_path / "disc"
    for number in range(3):
        slice_file(disc / "images" / f"im{number}", 3.0 * number)
    slice_file(tmp_path / "outside", 30)
    names = [["IMAGES", f"IM{n}"] for n in range(2)] + [["IMAGES", "GONE"], ["..", "outside"]]
    (series,), (problem,) = load_with_problems(dicomdir(disc, names))
    assert series.frames == 2
    assert "names 2 files that are not in its folder" in problem.reason
    (whole,), problems = load_with_problems(disc)
    assert whole.frames == 3
    assert problems == []


def test_outputs_may_carry_hashes_and_relative_paths():
    assert len(hashed("1.2.3")) == 16
    assert hashed("1.2.3") != hashed("1.2.4")
    assert hashed("") == ""
    assert relative_source("/home/anna/study/t2", ["/home/anna/study"]) == "study/t2"
    assert relative_source("/home/anna/s.zip/a/b", ["/home/anna/s.zip"]) == "s.zip/a/b"
    assert relative_source("/elsewhere/deep/file.nii", ["/home/anna"]) == "file.nii"


def test_series_come_in_the_order_in_which_they_were_named(tmp_path):
    late = slice_file(tmp_path / "z" / "late", 0, SeriesNumber=9, SeriesInstanceUID="1.2.3.9")
    early = slice_file(tmp_path / "a" / "early", 0, SeriesNumber=1, SeriesInstanceUID="1.2.3.1")
    volume = tmp_path / "volume.nii"
    nibabel.save(nibabel.Nifti1Image(np.ones((4, 4, 3), np.int16), np.eye(4)), volume)
    for named in ([volume, late, early], [early, volume, late], [late, early, volume]):
        opened = [event.series.source for event in read(named) if isinstance(event, Opened)]
        assert opened == [str(path) for path in named]


def test_within_one_folder_series_keep_their_own_order(tmp_path):
    slice_file(tmp_path / "a", 0, SeriesNumber=9, SeriesInstanceUID="1.2.3.9")
    slice_file(tmp_path / "b", 0, SeriesNumber=1, SeriesInstanceUID="1.2.3.1")
    opened = [event.series.uid for event in read([tmp_path]) if isinstance(event, Opened)]
    assert opened == ["1.2.3.1", "1.2.3.9"]
