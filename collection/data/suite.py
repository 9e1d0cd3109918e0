"""The 35 data sets of the published LCBench: their tasks and sizes on OpenML (Figure 14 of the paper)."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PublishedDataset:
    """A data set of the published LCBench.

    Attributes:
        name: Its name there.
        openml_task_id: Number of its task on OpenML.
        instances: Rows.
        features: Columns without the target. (Section 4.1.1 prints 5 to 1637, which counts the target.)
        classes: Classes of the target.
    """

    name: str
    openml_task_id: int
    instances: int
    features: int
    classes: int


LCBENCH_DATASETS: tuple[PublishedDataset, ...] = (
    PublishedDataset("kr-vs-kp", 167149, 3_196, 36, 2),
    PublishedDataset("mfeat-factors", 167152, 2_000, 216, 10),
    PublishedDataset("credit-g", 167161, 1_000, 20, 2),
    PublishedDataset("vehicle", 167168, 846, 18, 4),
    PublishedDataset("kc1", 167181, 2_109, 21, 2),
    PublishedDataset("adult", 126025, 48_842, 14, 2),
    PublishedDataset("phoneme", 167190, 5_404, 5, 2),
    PublishedDataset("nomao", 126026, 34_465, 118, 2),
    PublishedDataset("cnae-9", 167185, 1_080, 856, 9),
    PublishedDataset("blood-transfusion-service-center", 167184, 748, 4, 2),
    PublishedDataset("bank-marketing", 126029, 45_211, 16, 2),
    PublishedDataset("connect-4", 167201, 67_557, 42, 3),
    PublishedDataset("car", 189905, 1_728, 6, 4),
    PublishedDataset("segment", 189906, 2_310, 19, 7),
    PublishedDataset("jungle_chess_2pcs_raw_endgame_complete", 189909, 44_819, 6, 3),
    PublishedDataset("numerai28.6", 167083, 96_320, 21, 2),
    PublishedDataset("Fashion-MNIST", 189908, 70_000, 784, 10),
    PublishedDataset("Australian", 167104, 690, 14, 2),
    PublishedDataset("sylvine", 189865, 5_124, 20, 2),
    PublishedDataset("jasmine", 189862, 2_984, 144, 2),
    PublishedDataset("albert", 189866, 425_240, 78, 2),
    PublishedDataset("dionis", 189873, 416_188, 60, 355),
    PublishedDataset("higgs", 167200, 98_050, 28, 2),
    PublishedDataset("airlines", 189354, 539_383, 7, 2),
    PublishedDataset("KDDCup09_appetency", 3945, 50_000, 230, 2),
    PublishedDataset("covertype", 7593, 581_012, 54, 7),
    PublishedDataset("shuttle", 146212, 58_000, 9, 7),
    PublishedDataset("Amazon_employee_access", 34539, 32_769, 9, 2),
    PublishedDataset("volkert", 168331, 58_310, 180, 10),
    PublishedDataset("jannis", 168330, 83_733, 54, 4),
    PublishedDataset("MiniBooNE", 168335, 130_064, 50, 2),
    PublishedDataset("helena", 168329, 65_196, 27, 100),
    PublishedDataset("APSFailure", 168868, 76_000, 170, 2),
    PublishedDataset("christine", 168908, 5_418, 1636, 2),
    PublishedDataset("fabert", 168910, 8_237, 800, 7),
)
"""All of them, in no particular order."""
